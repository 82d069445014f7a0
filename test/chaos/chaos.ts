import type { RunView } from '../../src/runbook/run-view.ts';
import { Approvers } from './approvers.ts';
import { planKills } from './chaos-plan.ts';
import { STEPS } from './chaos-runbook.ts';
import type { Lane } from './chaos-runbook.ts';
import { gatherFacts } from './gather-facts.ts';
import { Killer } from './killer.ts';
import { newRun, RunDriver } from './run-driver.ts';
import type { DrivenRun } from './run-driver.ts';
import { openScene } from './scene.ts';
import { violationsOf } from './verdict.ts';

const LANES = 2;

export interface ChaosOptions {
  /** An empty database; the role may end connections of its own. */
  readonly databaseUrl: string;
  readonly kills: number;
  readonly seed: number;
  /** Leaves homes, logs and marks where they are. */
  readonly keep: boolean;
  readonly onProgress: (state: ChaosProgress) => void;
}

export interface ChaosProgress {
  readonly kills: number;
  readonly runsEnded: number;
  readonly violations: number;
}

export interface ChaosReport {
  readonly killed: number;
  readonly stopped: number;
  readonly runs: number;
  readonly steps: number;
  /** Interrupted steps about which a person was asked. */
  readonly decisions: number;
  /** Epoch in which the last leader led. */
  readonly epoch: number;
  readonly violations: readonly string[];
  /** Folders that were kept. */
  readonly kept: readonly string[];
}

/** Lets runs go on while control planes are killed and stopped, then looks at everything that came of it. */
export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const scene = await openScene(options.databaseUrl, LANES);
  const driver = new RunDriver(scene, new Approvers(scene));
  const killer = new Killer(scene);
  const ended: { run: DrivenRun; view: RunView }[] = [];
  const note = (thrown: unknown): void => void scene.violations.push(thrown instanceof Error ? thrown.message : String(thrown));
  let isPlanDone = false;
  let broken = 0;

  const goOn = async (lane: Lane): Promise<void> => {
    try {
      do {
        const run = newRun(lane);
        ended.push({ run, view: await driver.drive(run) });
      } while (!isPlanDone && ended.at(-1)?.view.state === 'succeeded');
    } catch (thrown) {
      note(thrown);
    }
    if (!isPlanDone) broken++;
  };
  const kill = async (): Promise<void> => {
    await killer.carryOut(planKills(options.seed, options.kills), () => broken === LANES).catch(note);
    isPlanDone = true;
  };
  const timer = setInterval(() => {
    options.onProgress({ kills: killer.done, runsEnded: ended.length, violations: scene.violations.length });
  }, 2_000);
  try {
    await Promise.all([...scene.lanes.map(goOn), kill()]);
    await scene.stop();
    const facts = await gatherFacts(scene, ended);
    const [leader] = await scene.select<{ epoch: number }>('select epoch::int as epoch from leader');
    const violations = [...scene.violations, ...violationsOf(facts)];
    if (killer.done !== options.kills) violations.push(`only ${String(killer.done)} of ${String(options.kills)} kills were carried out`);
    return {
      killed: killer.killed,
      stopped: killer.stopped,
      runs: ended.length,
      steps: ended.length * STEPS,
      decisions: ended.reduce((sum, { run }) => sum + run.decisions.length, 0),
      epoch: leader?.epoch ?? 0,
      violations,
      kept: options.keep ? [scene.folder, ...scene.keepers.map(({ host }) => host.home.root)] : [],
    };
  } finally {
    clearInterval(timer);
    await scene.stop();
    await scene.close(options.keep);
  }
}
