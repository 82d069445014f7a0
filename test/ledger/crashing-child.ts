import { readKeyFile } from '../../src/core/ed25519-file.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { signerKey } from '../../src/ledger/verify/note-key.ts';
import { FRAME_HEADER_BYTES, sealFrame } from '../../src/ledger/wal-segment.ts';

/**
 * Writes groups of 997 entries and publishes after each until the named step has come `times` times, then dies by SIGKILL in it.
 * Prints the size after every durable group. Arguments: folder of the log, key file, step, times.
 */
const [directory = '', keyFile = '', deadly = '', times = '1'] = process.argv.slice(2);
const privateKey = readKeyFile(keyFile);
if (privateKey === undefined) throw new Error('no key');
let left = Number(times);
let group = 0;
const writer = await LogWriter.open({
  directory,
  key: signerKey('test.example/ledger/one', 1, privateKey),
  onStep: (step) => {
    if (step === 'group-durable') process.stdout.write(`${String(writer.size + group)}\n`);
    if (step !== deadly) return;
    left -= 1;
    if (left === 0) process.kill(process.pid, 'SIGKILL');
  },
});

for (;;) {
  const records = Array.from({ length: 997 }, (_, i) => {
    const bytes = Buffer.from(`entry ${String(writer.size + i)}`);
    return Buffer.concat([Buffer.of(0, bytes.length), bytes]);
  });
  let end = 0;
  const ends = records.map((record) => (end += record.length));
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), ...records]);
  sealFrame(frame, writer.size, records.length);
  group = records.length;
  writer.commit(frame, group);
  writer.derive(frame.subarray(FRAME_HEADER_BYTES), ends, group);
  group = 0;
  writer.publish();
  while (writer.canRetire) writer.retire(100);
}
