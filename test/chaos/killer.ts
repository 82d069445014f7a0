import { monotonicMs, sleep } from '../../src/core/clock.ts';
import { leaderOf } from '../fixtures/control-plane.ts';
import type { Aim, PlannedKill } from './chaos-plan.ts';
import type { HostKeeper } from './host-keeper.ts';
import type { Scene } from './scene.ts';

const LOOK_EVERY_MS = 2;
/** What does not come in this time is not waited for any longer. */
const PATIENCE_MS = 4_000;

/** A leader that goes on looks at its lease once a second; the rest is for a machine that is busy. */
const REPLACED_MS = 30_000;

/** What changes at each moment that is aimed at. */
const SIGNS: Readonly<Record<Exclude<Aim, 'any' | 'startup'>, string>> = {
  'step-began': "select string_agg(run || index, ' ' order by run, index) as sign from runbook_step where state = 'running'",
  'process-began': "select string_agg(run || index, ' ' order by run, index) as sign from runbook_step where details -> 'process' ->> 'pid' is not null",
  'row-opened': 'select count(*)::text as sign from operation_run',
  'posture-changed': 'select version::text as sign from posture_version',
  signed: 'select count(*)::text as sign from approval_signature',
  'approval-used': 'select count(used_by)::text as sign from approval_request',
};

/** Carries out a plan of kills while runs go on. */
export class Killer {
  readonly #scene: Scene;
  killed = 0;
  stopped = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  get done(): number {
    return this.killed + this.stopped;
  }

  async carryOut(plan: readonly PlannedKill[], isOver: () => boolean): Promise<void> {
    for (const kill of plan) {
      // A process that was on its way down is no victim: then the same is done to the next one.
      while (!isOver() && !(await this.#carryOut(kill))) await sleep(LOOK_EVERY_MS);
      if (isOver()) return;
    }
  }

  async #carryOut(kill: PlannedKill): Promise<boolean> {
    await this.#setStandby(kill.withStandby);
    const victim = kill.aim === 'startup' ? await this.#starting() : await this.#victim(kill);
    await sleep(kill.afterMs);
    victim.restartAfterMs = kill.restartAfterMs;
    if (kill.how === 'kill') {
      if (!victim.signal('SIGKILL')) return false;
      this.killed++;
      return true;
    }
    return this.#stop(victim, kill.stillMs);
  }

  /** One that was replaced while it stood still must end by itself as soon as it goes on. */
  async #stop(victim: HostKeeper, stillMs: number): Promise<boolean> {
    const { starts } = victim;
    const led = await this.#epochOf(victim);
    if (!victim.signal('SIGSTOP')) return false;
    await sleep(stillMs);
    const isReplaced = led !== undefined && (await this.#epoch()) !== led;
    victim.signal('SIGCONT');
    this.stopped++;
    const ends = monotonicMs() + REPLACED_MS;
    while (isReplaced && victim.phase === 'up' && victim.starts === starts) {
      if (monotonicMs() > ends) {
        this.#scene.violations.push(`control plane ${victim.host.name} led in epoch ${String(led)}, was replaced while it stood still, and went on`);
        break;
      }
      await sleep(LOOK_EVERY_MS);
    }
    return true;
  }

  async #epoch(): Promise<number | undefined> {
    return (await this.#scene.select<{ epoch: number }>('select epoch::int as epoch from leader'))[0]?.epoch;
  }

  /** Undefined when it does not lead. */
  async #epochOf({ host }: HostKeeper): Promise<number | undefined> {
    const [row] = await this.#scene.select<{ epoch: number }>('select epoch::int as epoch from leader where name = $1', [host.name]);
    return row?.epoch;
  }

  /** Starts the other host or ends the one that does not lead. */
  async #setStandby(isWanted: boolean): Promise<void> {
    const { keepers } = this.#scene;
    const running = keepers.filter((keeper) => keeper.isWanted);
    if (isWanted === running.length > 1) return;
    if (isWanted) {
      await keepers.find((keeper) => !keeper.isWanted)?.keep();
      return;
    }
    const leader = await leaderOf(this.#scene.hosts());
    await keepers.find(({ host }) => host !== leader)?.stop();
  }

  /** One that is being started; the leader when none is. */
  async #starting(): Promise<HostKeeper> {
    const ends = monotonicMs() + PATIENCE_MS;
    while (monotonicMs() < ends) {
      const found = this.#scene.keepers.find(({ phase }) => phase === 'starting');
      if (found !== undefined) return found;
      await sleep(LOOK_EVERY_MS);
    }
    return this.#keeperOf('leader');
  }

  async #victim({ who, aim }: PlannedKill): Promise<HostKeeper> {
    const victim = await this.#keeperOf(who);
    if (aim !== 'any' && aim !== 'startup') await this.#untilChanged(SIGNS[aim]);
    return victim;
  }

  async #keeperOf(who: 'leader' | 'standby'): Promise<HostKeeper> {
    const leader = await leaderOf(this.#scene.hosts());
    const running = this.#scene.keepers.filter((keeper) => keeper.isWanted);
    const found = running.find(({ host }) => (host === leader) === (who === 'leader'));
    if (found === undefined) throw new Error(`no host is the ${who}`);
    return found;
  }

  async #untilChanged(query: string): Promise<void> {
    const look = async (): Promise<string> => (await this.#scene.select<{ sign: string | null }>(query))[0]?.sign ?? '';
    const ends = monotonicMs() + PATIENCE_MS;
    const before = await look();
    for (;;) {
      const now = await look();
      // A step that ended and none that began is no moment to wait for.
      if ((now !== before && now.length >= before.length && now !== '') || monotonicMs() > ends) return;
      await sleep(LOOK_EVERY_MS);
    }
  }
}
