import type { GateFault, GateResult, RegisteredModel, Stage } from './service.ts';
import { isOutOfUse, isWayBack } from './stages.ts';

/** What config.yaml asks of a model that enters a stage: a result that is `ok` and not older than `maxAge` milliseconds. */
export interface RequiredGate {
  readonly gate: string;
  readonly maxAge: number;
}

/** `gates` of config.yaml. A stage that it does not name asks for nothing. */
export type GatePolicy = Readonly<Partial<Record<Stage, readonly RequiredGate[]>>>;

/** Operations that give results, by the name of their gate. */
const COMMANDS: Readonly<Record<string, string>> = {
  'backdoor-scan': 'elulmc security backdoor-scan',
  'verify-model': 'elulmc security verify-model',
};

/** The command that gives a result of this gate about this model. */
export function gateCommand(gate: string, { name, version }: Pick<RegisteredModel, 'name' | 'version'>): string {
  return `${COMMANDS[gate] ?? `elulmc ROOM ${gate}`} --model ${name}@${version}`;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `3d`, `5h`, `12m`, `0s`: the largest whole unit, rounded down. */
export function ageText(ms: number): string {
  const [unit, length] = UNITS.find(([, size]) => ms >= size) ?? ['s', 1_000];
  return `${String(Math.max(0, Math.floor(ms / length)))}${unit}`;
}

/** A result by the age that it has now, for people: `ok 3d ago`. */
export function resultText({ verdict, at }: Pick<GateResult, 'verdict' | 'at'>, nowMs: number): string {
  return `${verdict} ${ageText(nowMs - Date.parse(at))} ago`;
}

/** What the clocks of two hosts may differ by. */
const CLOCK_ERROR_MS = 300_000;

function faultOf(required: RequiredGate, result: GateResult | undefined, nowMs: number): string | undefined {
  if (result === undefined) return 'there is no result for this digest';
  if (result.verdict !== 'ok') return `the newest result is ${resultText(result, nowMs)}: ${result.summary}`;
  const age = nowMs - Date.parse(result.at);
  // Of a clock that was ahead: it would stay fresh for as long as that clock was wrong.
  if (age < -CLOCK_ERROR_MS) return `the newest result is of ${result.at}, which is not yet: a clock was wrong`;
  return age > required.maxAge ? `the newest result is ${ageText(age)} old, at most ${ageText(required.maxAge)} are allowed` : undefined;
}

/**
 * What keeps the model out of the stage. `newest` holds the newest result of each gate about its digest. A violation of any gate,
 * asked for or not, keeps it out of every stage where it could serve. Going back to `validated` asks for nothing else.
 */
export function gateFaults(
  model: Pick<RegisteredModel, 'name' | 'version' | 'stage'>,
  stage: Stage,
  newest: readonly GateResult[],
  policy: GatePolicy,
  nowMs: number,
): readonly GateFault[] {
  if (isOutOfUse(stage)) return [];
  const violations = newest.filter(({ verdict }) => verdict === 'violation');
  const faults: GateFault[] = violations.map((result) => ({
    gate: result.gate,
    fault: `the newest result is a ${resultText(result, nowMs)}: ${result.summary}`,
    command: gateCommand(result.gate, model),
    violated: true,
  }));
  const asked = isWayBack(model.stage, stage) ? [] : (policy[stage] ?? []);
  for (const required of asked) {
    if (violations.some(({ gate }) => gate === required.gate)) continue;
    const fault = faultOf(
      required,
      newest.find(({ gate }) => gate === required.gate),
      nowMs,
    );
    if (fault !== undefined) faults.push({ gate: required.gate, fault, command: gateCommand(required.gate, model), violated: false });
  }
  return faults;
}
