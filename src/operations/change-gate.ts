import { ElulmcError } from '../core/errors.ts';
import type { ErrorCode } from '../core/errors.ts';
import type { ChangeRequest, ChangeService } from '../services/changes/service.ts';
import { nextFitting } from '../services/windows/allowed-spans.ts';
import type { WindowService } from '../services/windows/service.ts';
import type { Span } from '../services/windows/spans.ts';
import type { OperationDeclaration, Plan, Room } from './declaration.ts';

/** Rooms whose operations change systems; people, rules and logs are no matter of windows. */
const GOVERNED: ReadonlySet<Room> = new Set<Room>(['deployment', 'infrastructure', 'training', 'security']);

export interface GateServices {
  readonly windows: WindowService;
  readonly changes: ChangeService;
}

/** What is about to happen, as far as windows and changes are concerned. */
export interface GatedCall {
  /** Null: a process of a runbook. It may change anything, and nobody knows what it touches. */
  readonly declaration: Pick<OperationDeclaration, 'room' | 'name' | 'risk' | 'effectFirst' | 'anytime'> | null;
  readonly plan: Pick<Plan, 'touches'>;
  /** Digest of the whole plan (plan-digest.ts); null for a process. */
  readonly planSha256: string | null;
  /** `chg_...`: the scheduled change that it belongs to. */
  readonly change?: string | undefined;
  /** A reason to go through blackouts and outside of windows; the door has it reviewed. */
  readonly breakGlass?: string | undefined;
}

/** Why a call may not be made now. */
interface Obstacle {
  readonly code: ErrorCode;
  readonly text: string;
  /** Time passes it by: within this span, as far as windows allow it. Null: time changes nothing. */
  readonly wait: Span | null;
}

const FOREVER: Span = { start: -Infinity, end: Infinity };

/** Whether windows hold it up at all. */
function isGoverned({ declaration, breakGlass }: GatedCall): boolean {
  if (breakGlass !== undefined) return false;
  if (declaration === null) return true;
  return declaration.risk !== 'read' && declaration.effectFirst !== true && declaration.anytime !== true && GOVERNED.has(declaration.room);
}

const nameOf = ({ declaration }: GatedCall): string => (declaration === null ? 'runbook step' : `${declaration.room} ${declaration.name}`);

/** Why the change does not cover the call; undefined when it does, at any time of its span. */
function uncovered(call: GatedCall, change: ChangeRequest, touched: readonly string[]): Pick<Obstacle, 'code' | 'text'> | undefined {
  if (change.state === 'submitted') return { code: 'CHANGE_NOT_APPROVED', text: `${change.id} waits for its review` };
  if (change.state === 'declined') return { code: 'CHANGE_NOT_APPROVED', text: `${change.id} was declined` };
  const extra = change.systems.length === 0 ? undefined : touched.find((system) => !change.systems.includes(system));
  if (extra !== undefined) return { code: 'CONFLICT', text: `${nameOf(call)} would change ${extra}; ${change.id} is about ${change.systems.join(', ')} only` };
  if (call.declaration !== null && call.plan.touches === undefined && change.systems.length > 0 && change.planSha256 === null) {
    return { code: 'CONFLICT', text: `${nameOf(call)} does not say what it touches: only a change with its plan, or one about everything, covers it` };
  }
  if (change.operation !== null && change.operation !== nameOf(call)) {
    return { code: 'CONFLICT', text: `${change.id} is about ${change.operation}, not ${nameOf(call)}` };
  }
  if (change.planSha256 !== null && change.planSha256 !== call.planSha256) {
    return { code: 'CONFLICT', text: `the plan of ${nameOf(call)} is not the one that was reviewed with ${change.id}` };
  }
  return undefined;
}

function spanOfSchedule(change: ChangeRequest): Span | null {
  return change.schedule === null ? null : { start: Date.parse(change.schedule.startsAt), end: Date.parse(change.schedule.endsAt) };
}

function obstacleOfChange(call: GatedCall, change: ChangeRequest, touched: readonly string[], at: number): Obstacle | undefined {
  const reason = uncovered(call, change, touched);
  if (reason !== undefined) return { ...reason, wait: null };
  const span = spanOfSchedule(change);
  if (span === null) return { code: 'CHANGE_OUTSIDE_WINDOW', text: `${change.id} has no time yet`, wait: null };
  if (at >= span.start && at < span.end) return undefined;
  const text = `${change.id} is scheduled from ${change.schedule?.startsAt ?? ''} to ${change.schedule?.endsAt ?? ''}`;
  return { code: 'CHANGE_OUTSIDE_WINDOW', text, wait: at < span.start ? span : null };
}

async function changeOf(services: GateServices, id: string): Promise<ChangeRequest> {
  const change = await services.changes.find(id);
  if (change === undefined)
    throw new ElulmcError('NOT_FOUND', `there is no change ${id.slice(0, 80)}; elulmc governance list-changes lists them`, { field: 'change' });
  return change;
}

/** The scheduled change of somebody else whose time it is now; who does not know what it touches counts those about everything only. */
async function obstacleOfOthers({ changes }: GateServices, call: GatedCall, systems: readonly string[], at: number, wait: Span): Promise<Obstacle | undefined> {
  const others = await changes.overlapping(new Date(at).toISOString(), new Date(at + 1).toISOString(), systems);
  const other = others.find(({ id, systems: theirs }) => id !== call.change && (systems.length > 0 || theirs.length === 0));
  if (other === undefined || other.schedule === null) return undefined;
  const about = other.systems.length === 0 ? 'everything' : other.systems.join(', ');
  const text = `${other.id} has ${about} until ${other.schedule.endsAt}: a step of it carries --change ${other.id}`;
  return { code: 'CHANGE_CONFLICT', text, wait: { start: Date.parse(other.schedule.endsAt), end: wait.end } };
}

async function obstacleOf(
  services: GateServices,
  call: GatedCall,
  at: number,
): Promise<{ readonly obstacle: Obstacle | undefined; readonly systems: readonly string[] }> {
  const { windows } = services;
  const change = call.change === undefined ? undefined : await changeOf(services, call.change);
  const touched = (call.plan.touches ?? []).map(({ object }) => object);
  // Where nobody knows what a call touches, the review of its change has said it.
  const systems = touched.length > 0 ? touched : (change?.systems ?? []);
  const wrong = change === undefined ? undefined : obstacleOfChange(call, change, touched, at);
  if (wrong?.wait === null) return { obstacle: wrong, systems };

  const wait = change === undefined ? FOREVER : (spanOfSchedule(change) ?? FOREVER);
  const open = windows.openAt(new Date(at).toISOString(), systems).filter((window) => systems.length > 0 || window.systems === null);
  const blackout = open.filter((window) => window.kind === 'blackout').toSorted((a, b) => (a.closesAt < b.closesAt ? 1 : -1))[0];
  if (blackout !== undefined) {
    const about = blackout.systems === null ? 'everything' : blackout.systems.join(', ');
    const text = `the blackout ${blackout.name} about ${about} is open until ${blackout.closesAt}; --break-glass REASON goes through it`;
    return { obstacle: { code: 'CHANGE_BLACKOUT', text, wait }, systems };
  }
  const busy = await obstacleOfOthers(services, call, systems, at, wait);
  if (busy !== undefined) return { obstacle: busy, systems };
  if (change !== undefined) return { obstacle: wrong, systems };
  const maintenance = open.filter((window) => window.kind === 'maintenance');
  const closed = windows.maintained(systems).find((system) => !maintenance.some((window) => window.systems?.includes(system) ?? true));
  if (closed === undefined) return { obstacle: undefined, systems };
  return { obstacle: { code: 'CHANGE_OUTSIDE_WINDOW', text: `no maintenance window of ${closed} is open`, wait }, systems };
}

/** When windows let a call pass within `wait`, from `at` on; null when waiting does not help. */
function firstChance(windows: WindowService, systems: readonly string[], inChange: boolean, wait: Span, at: number): number | null {
  // The time of a change was chosen and reviewed: within it only blackouts count.
  const counted: WindowService = inChange ? { ...windows, maintained: () => [] } : windows;
  return nextFitting(counted, systems, Math.max(at, wait.start), 1, 1, wait.end)[0]?.start ?? null;
}

/** How many obstacles one behind the other are looked at. */
const MOST_OBSTACLES = 20;

/**
 * When it is worth trying a call again that `demandWindow` refuses at `at`: `at` itself when it would pass now, null when waiting
 * does not help. RFC 3339.
 */
export async function nextChance(services: GateServices, call: GatedCall, at: string): Promise<string | null> {
  if (!isGoverned(call)) return at;
  let tried = Date.parse(at);
  for (let count = 0; count < MOST_OBSTACLES; count++) {
    const { obstacle, systems } = await obstacleOf(services, call, tried);
    if (obstacle === undefined) return count === 0 ? at : new Date(tried).toISOString();
    const chance = obstacle.wait === null ? null : firstChance(services.windows, systems, call.change !== undefined, obstacle.wait, tried);
    if (chance === null) return null;
    tried = chance;
  }
  return new Date(tried).toISOString();
}

/**
 * The change gate: before the effect of every call that changes a system, thus before every step of a run. CHANGE_BLACKOUT,
 * CHANGE_OUTSIDE_WINDOW, CHANGE_CONFLICT, CHANGE_NOT_APPROVED, or CONFLICT and NOT_FOUND about the change that the call names.
 */
export async function demandWindow(services: GateServices, call: GatedCall, at: string): Promise<void> {
  if (!isGoverned(call)) return;
  const { obstacle } = await obstacleOf(services, call, Date.parse(at));
  if (obstacle === undefined) return;
  const retryAt = await nextChance(services, call, at);
  const next = retryAt === null || obstacle.code === 'CHANGE_BLACKOUT' ? '' : `; possible from ${retryAt}`;
  throw new ElulmcError(obstacle.code, `${obstacle.text}${next}`, { retryAt, ...(obstacle.code === 'CONFLICT' ? { field: 'change' } : {}) });
}
