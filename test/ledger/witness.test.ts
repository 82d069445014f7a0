import { cpSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { TreeHead } from '../../src/ledger/log.ts';
import { LogWriter } from '../../src/ledger/log-writer.ts';
import { openNote, signNote } from '../../src/ledger/verify/note.ts';
import { formatVerifierKey } from '../../src/ledger/verify/note-key.ts';
import type { SignerKey } from '../../src/ledger/verify/note-key.ts';
import { directorySource } from '../../src/ledger/verify/tile-source.ts';
import { witnessLog } from '../../src/ledger/witness.ts';
import type { WitnessResult } from '../../src/ledger/witness.ts';
import { entryTexts, makeLog, newSigner, ORIGIN, temporaryFolder, writeGroup } from './support.ts';

const witness = newSigner('witness.example', 4);

interface Watched {
  readonly directory: string;
  readonly key: SignerKey;
}

async function watched(size: number, key?: SignerKey): Promise<Watched> {
  const directory = join(temporaryFolder(), 'log');
  return { directory, key: await makeLog(directory, size, key) };
}

function look({ directory, key }: Watched, last?: TreeHead): Promise<WitnessResult> {
  return witnessLog({ source: directorySource(directory), vkey: formatVerifierKey(key), last, key: witness, time: 1_700_000_000 });
}

async function headOf(log: Watched): Promise<TreeHead> {
  const result = await look(log);
  if (result.outcome !== 'cosigned') throw new Error(`not cosigned: ${result.outcome}`);
  return result.head;
}

async function grow({ directory, key }: Watched, texts: readonly string[]): Promise<void> {
  const writer = await LogWriter.open({ directory, key });
  writeGroup(writer, texts);
  writer.publish();
  writer.close();
}

describe('a witness refuses', () => {
  test('a log that went back', async () => {
    const log = await watched(300);
    const kept = join(log.directory, '..', 'kept');
    cpSync(log.directory, kept, { recursive: true });
    await grow(log, entryTexts(300, 400));
    const last = await headOf(log);
    expect(await look({ ...log, directory: kept }, last)).toMatchObject({ outcome: 'refused', reason: 'behind', head: { size: 300 } });
  });

  test('a larger log that does not continue what it cosigned', async () => {
    const key = newSigner();
    const last = await headOf(await watched(300, key));
    const fork = await watched(299, key);
    await grow(fork, ['another entry 299', ...entryTexts(300, 600)]);
    expect(await look(fork, last)).toMatchObject({ outcome: 'refused', reason: 'forked' });
  });

  test('another root of the same size', async () => {
    const key = newSigner();
    const last = await headOf(await watched(300, key));
    const fork = await watched(299, key);
    await grow(fork, ['another entry 299']);
    expect(await look(fork, last)).toMatchObject({ outcome: 'refused', reason: 'forked', head: { size: 300 } });
  });

  test('a signature of another key', async () => {
    const log = await watched(5);
    expect(await look({ ...log, key: newSigner() })).toMatchObject({ outcome: 'refused', reason: 'bad-signature' });
  });

  test('a checkpoint that is malformed or has extension lines', async () => {
    const log = await watched(5);
    const file = join(log.directory, 'checkpoint');
    writeFileSync(file, 'nothing');
    expect(await look(log)).toMatchObject({ outcome: 'refused', reason: 'bad-signature' });
    writeFileSync(file, signNote(`${ORIGIN}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nmore\n`, log.key));
    expect(await look(log)).toMatchObject({ outcome: 'refused', reason: 'bad-signature', detail: 'the checkpoint has extension lines' });
  });

  test('a log without a checkpoint', async () => {
    const log = await watched(5);
    rmSync(join(log.directory, 'checkpoint'));
    expect(await look(log)).toMatchObject({ outcome: 'refused', reason: 'missing' });
  });

  test('an empty log with a root', async () => {
    const log = await watched(0);
    writeFileSync(join(log.directory, 'checkpoint'), signNote(`${ORIGIN}\n0\nnWzN20+pwMt62p7jbv1/NlN95ePTlHijabv5zO/s36w=\n`, log.key));
    expect(await look(log)).toMatchObject({ outcome: 'refused', reason: 'unproven' });
  });

  test('tiles that do not give the signed root', async () => {
    const log = await watched(300);
    truncateSync(join(log.directory, 'tile/0/001.p/44'), 32);
    expect(await look(log)).toMatchObject({ outcome: 'refused', reason: 'unproven' });
  });
});

describe('a witness cosigns', () => {
  test('the first checkpoint that it sees, and each that continues it', async () => {
    const log = await watched(0);
    let last = await headOf(log);
    for (const size of [1, 256, 300, 700]) {
      await grow(log, entryTexts(last.size, size));
      const result = await look(log, last);
      if (result.outcome !== 'cosigned') throw new Error(result.outcome);
      expect(result.head.size).toBe(size);
      expect(result.note.endsWith(result.cosignature)).toBe(true);
      const opened = openNote(Buffer.from(result.note), [log.key, witness]);
      expect(opened.signatures.map(({ key, time }) => [key.name, time])).toEqual([
        [ORIGIN, undefined],
        ['witness.example', 1_700_000_000n],
      ]);
      last = result.head;
    }
    expect(await look(log, last)).toEqual({ outcome: 'unchanged', head: last });
  });
});
