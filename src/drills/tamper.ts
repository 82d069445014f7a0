import { closeSync, fsyncSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { monotonicMs, wallAt } from '../core/clock.ts';
import { readRecordedOperations } from '../services/ledgers/recorded-operations.ts';
import { verifyLedger } from '../services/ledgers/recorded-requests.ts';
import { closeConnections } from './http-client.ts';
import { operate } from './operate.ts';
import type { ScratchInstallation } from './scratch-installation.ts';
import { changeStage, isServed, nextCheck } from './tamper-client.ts';
import { tamperModel } from './tamper-ground.ts';
import type { TamperFact, TamperReport } from './tamper-report.ts';

const NAME = 'demo-served';
const VERSION = '1';
const REFERENCE = `${NAME}@${VERSION}`;
const STAGES = ['registered', 'validated', 'staging', 'production'] as const;
const EXIT_VIOLATION = 7;

/** Notes what must be so, when it was seen, and how long that took. */
class Facts {
  readonly list: TamperFact[] = [];
  readonly #startMs = monotonicMs();

  async note<T>(fact: string, see: () => T | Promise<T>, judge: (seen: T) => { readonly holds: boolean; readonly found: string }): Promise<T> {
    const before = monotonicMs();
    const seen = await see();
    const now = monotonicMs();
    this.list.push({ fact, ...judge(seen), atMs: Math.round(now - this.#startMs), tookMs: Math.round(now - before) });
    return seen;
  }
}

/** Changes one bit in the middle of the file, in place: size, name and inode stay. */
function flipByte(file: string): TamperReport['flipped'] {
  const offset = Math.floor(statSync(file).size / 2);
  const fd = openSync(file, 'r+');
  try {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, offset);
    const before = byte[0] ?? 0;
    const after = before ^ 1;
    writeSync(fd, Buffer.from([after]), 0, 1, offset);
    fsyncSync(fd);
    return { file, offset, before, after };
  } finally {
    closeSync(fd);
  }
}

const digestOf = (answer: Record<string, unknown>): string => (typeof answer['digest'] === 'string' ? answer['digest'] : '');

/** Sign, register, scan, serve, promote: a model as it should be. */
async function bringUp(ground: ScratchInstallation, facts: Facts): Promise<TamperReport['model']> {
  const { folder } = tamperModel(ground.home);
  const signed = await facts.note(
    'the model is signed with the key of the installation',
    () => operate(ground, 'security/sign-model', { model: folder }),
    (answer) => ({ holds: digestOf(answer) !== '', found: `digest ${digestOf(answer)}` }),
  );
  const registration = { model: folder, name: NAME, version: VERSION, signature: String(signed['signature']) };
  const model = await facts.note(
    'it is registered with the digest that was signed, and its signature holds',
    () => operate(ground, 'deployment/register-model', registration),
    (answer) => ({
      holds: digestOf(answer) === digestOf(signed) && answer['signature'] !== null,
      found: `${String(answer['id'])}, digest ${digestOf(answer)}`,
    }),
  );
  const registeredAt = wallAt();
  await facts.note(
    'no stage takes it before anybody has looked at it',
    () => changeStage(ground, REFERENCE, 'validated'),
    (said) => ({ holds: said === 'GATE_NOT_MET', found: said }),
  );
  await facts.note(
    'a scan finds no indicator',
    () => operate(ground, 'security/backdoor-scan', { model: REFERENCE }),
    (answer) => ({ holds: answer['verdict'] === 'clean', found: `verdict ${String(answer['verdict'])}` }),
  );
  await facts.note(
    'this very file answers a request',
    () => isServed(ground),
    (served) => ({ holds: served, found: served ? 'answered' : 'no answer' }),
  );
  await facts.note(
    'the scheduled check finds it whole',
    () => nextCheck(ground, registeredAt),
    ({ exit, id }) => ({ holds: exit === 0, found: `${id} ended with exit ${String(exit)}` }),
  );
  await facts.note(
    'it is promoted to validated',
    () => changeStage(ground, REFERENCE, 'validated'),
    (said) => ({ holds: said === 'validated', found: said }),
  );
  return { name: REFERENCE, id: String(model['id']), digest: digestOf(model), files: Number(model['files']), bytes: Number(model['bytes']) };
}

/** What the ledger must say once the installation has stopped. */
async function readLedger(ground: ScratchInstallation, facts: Facts, run: string): Promise<TamperReport['ledger']> {
  const logs = await facts.note(
    'the ledger verifies from genesis',
    () => verifyLedger(ground.home.ledger),
    (verdicts) => ({
      holds: verdicts.length > 0 && verdicts.every(({ failure }) => failure === null),
      found: verdicts.map(({ name, size, failure }) => `${name} ${failure ?? `verified (${String(size)})`}`).join(', '),
    }),
  );
  const operations = await readRecordedOperations(ground.home.ledger, 'control');
  const violation = operations.find(({ action, outcome, ref }) => action === 'security verify-model' && outcome === 'violation' && ref === run);
  await facts.note(
    'an entry in the ledger says violation, for that run',
    () => violation,
    (entry) => ({
      holds: entry !== undefined,
      found: entry === undefined ? 'no such entry' : `${entry.id}: ${entry.summary}`,
    }),
  );
  const changes = operations.filter(({ action, outcome }) => action === 'deployment change-stage' && outcome === 'ok');
  await facts.note(
    'every stage change is in the ledger, and nothing else',
    () => changes,
    (entries) => ({
      holds:
        entries.length === 2 &&
        Boolean(entries[0]?.summary.includes('registered to validated')) &&
        Boolean(entries[1]?.summary.includes('validated to staging')),
      found: entries.map(({ summary }) => summary).join(' '),
    }),
  );
  const refused = operations.filter(({ code }) => code === 'GATE_NOT_MET');
  await facts.note(
    'and so is every refusal',
    () => refused,
    (entries) => ({ holds: entries.length === STAGES.length + 1, found: `${String(entries.length)} of GATE_NOT_MET` }),
  );
  return { verified: logs.every(({ failure }) => failure === null), logs: logs.map(({ name, size, root }) => ({ name, size, root })) };
}

/** One byte of a served, registered and signed model is flipped and restored: what finds it, what it stops, and what clears it. */
export async function drillTamper(ground: ScratchInstallation, onProgress: (text: string) => void): Promise<TamperReport> {
  const facts = new Facts();
  try {
    onProgress('signing, registering, scanning and serving a model');
    const model = await bringUp(ground, facts);
    const { file } = tamperModel(ground.home);

    onProgress('flipping one byte, and waiting for the scheduled check');
    const flipped = flipByte(file);
    const [flippedAt, flippedMs] = [wallAt(), monotonicMs()];
    const found = await facts.note(
      'the next scheduled check ends with exit 7',
      () => nextCheck(ground, flippedAt),
      ({ id, exit }) => ({ holds: exit === EXIT_VIOLATION, found: `${id} ended with exit ${String(exit)}` }),
    );
    const detectedMs = Math.round(monotonicMs() - flippedMs);
    for (const stage of STAGES) {
      await facts.note(
        `no way leads to ${stage}`,
        () => changeStage(ground, REFERENCE, stage),
        (said) => ({ holds: said === 'GATE_NOT_MET', found: said }),
      );
    }

    onProgress('restoring the byte, and waiting for the scheduled check');
    flipByte(file);
    const [restoredAt, restoredMs] = [wallAt(), monotonicMs()];
    await facts.note(
      'after the byte is restored the next scheduled check clears it',
      () => nextCheck(ground, restoredAt),
      ({ id, exit }) => ({ holds: exit === 0, found: `${id} ended with exit ${String(exit)}` }),
    );
    const clearedMs = Math.round(monotonicMs() - restoredMs);
    await facts.note(
      'and it is promoted to staging',
      () => changeStage(ground, REFERENCE, 'staging'),
      (said) => ({ holds: said === 'staging', found: said }),
    );

    onProgress('verifying the ledger from genesis');
    await ground.stop();
    const ledger = await readLedger(ground, facts, found.id);
    const failures = facts.list.filter(({ holds }) => !holds).map(({ fact, found: seen }) => `${fact}: ${seen}`);
    return {
      drill: 'tamper',
      ok: failures.length === 0,
      failures,
      model,
      flipped,
      detectedMs,
      clearedMs,
      detectedBy: { run: found.id, exit: found.exit },
      facts: facts.list,
      ledger,
    };
  } finally {
    closeConnections();
  }
}
