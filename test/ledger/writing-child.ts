import { openLog } from '../../src/ledger/open-log.ts';
import type { LedgerEntry } from '../../src/ledger/entry.ts';

/**
 * Writes a log until it is killed. Arguments: folder of the log, key file, prefix of the ids, number of waiting entries (0: ends at once). Prints
 * `<index> <id>` for every acknowledged entry; writes to a pipe are synchronous, so what is printed was acknowledged.
 */
const [directory = '', keyFile = '', prefix = '', waiting = '1'] = process.argv.slice(2);
const log = await openLog({ directory, keyFile, name: 'log', origin: 'test.example/ledger/one', checkpointIntervalMs: 50 });
let written = 0;

function next(): void {
  const id = `${prefix}-${String(written)}`;
  written += 1;
  const entry: LedgerEntry = {
    v: 1,
    kind: 'request.done',
    id,
    at: '2026-01-02T03:04:05.678Z',
    actor: 'key_test',
    action: 'POST /v1/chat/completions',
    target: 'demo',
    outcome: 'ok',
    ref: null,
    data: { text: 'x'.repeat(written % 300) },
  };
  log.appendThen(entry, (error, index) => {
    if (error !== null) throw error;
    process.stdout.write(`${String(index)} ${JSON.stringify(entry)}\n`);
    next();
  });
}

for (let i = 0; i < Number(waiting); i += 1) next();
if (waiting === '0') await log.close();
