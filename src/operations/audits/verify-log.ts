import { join } from 'node:path';
import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { exportLog } from '../../ledger/export-log.ts';
import { directorySource } from '../../ledger/verify/tile-source.ts';
import { verifyLog as verifyFiles } from '../../ledger/verify/verify-log.ts';
import type { VerifyLogResult } from '../../ledger/verify/verify-log.ts';
import type { OperationContext } from '../context.ts';
import { defineOperation } from '../declaration.ts';
import { chosenLogs, logAt, logName, refuseForeignFiles } from './log-folders.ts';
import type { LogFolder } from './log-folders.ts';
import { checkReceipt, entryFileOf, readNamedFile, verifierKey, writeReceipt } from './log-receipt.ts';

const index = z.coerce.number().int().min(0).max(Number.MAX_SAFE_INTEGER);
const file = z.string().min(1);

const input = z.strictObject({
  log: logName.optional().describe('Name of a log of this home. Default: all of them.'),
  dir: file.optional().describe('Folder of a log anywhere: checkpoint and tile/.'),
  from: index.optional().describe('First entry to check. Default: 0.'),
  to: index.optional().describe('First entry not to check. Default: the size of the log.'),
  key: z.string().min(1).optional().describe('Public key of the log: the text of a vkey, or a file that holds it. Default: the vkey in the folder.'),
  export: file.optional().describe('Write checkpoint, vkey and tiles to this new or empty folder, as a web server can serve them.'),
  prove: index.optional().describe('Write the receipt (.tlog-proof) of this entry to --output.'),
  output: file.optional().describe('File for the receipt; the entry itself goes beside it, with .entry added.'),
  proof: file.optional().describe('Check this receipt and the .entry beside it, offline. Needs --key.'),
});

type Input = z.output<typeof input>;

const output = z.object({
  logs: z.array(
    z.object({
      log: z.string(),
      origin: z.string(),
      size: z.int().describe('Entries under the checkpoint.'),
      root: z.string().describe('Root of the tree, base64.'),
      from: z.int(),
      to: z.int(),
      keyFrom: z.enum(['given', 'folder']).describe('A key from the folder shows that the log is whole, not whose it is.'),
    }),
  ),
  exported: z.string().nullable().describe('Folder of the exported copy.'),
  receipt: z.object({ file: z.string(), index: z.int(), size: z.int(), origin: z.string() }).nullable().describe('The receipt that was written or checked.'),
});

type Verified = z.output<typeof output>['logs'][number];

function line({ log, size, root, from, to, keyFrom }: Verified): string {
  const range = from === 0 && to === size ? `${String(size)} entries` : `entries ${String(from)} to ${String(to)} of ${String(size)}`;
  return `verified  ${log.padEnd(14)} ${range.padEnd(18)} root ${root}${keyFrom === 'folder' ? '' : '  (key given)'}`;
}

function usage(text: string, field: string): ElulmcError {
  return new ElulmcError('USAGE', text, { field });
}

function checkUsage(context: OperationContext, given: Input): void {
  const { dir, output: target, proof } = given;
  refuseForeignFiles(context, { dir, output: target, proof, export: given.export });
  if (given.log !== undefined && dir !== undefined) throw usage('give --log or --dir, not both', 'dir');
  if ((given.prove === undefined) !== (target === undefined))
    throw usage('--prove INDEX and --output FILE go together', given.prove === undefined ? 'prove' : 'output');
  const aboutOneLog = given.from !== undefined || given.to !== undefined || given.export !== undefined || given.prove !== undefined || given.key !== undefined;
  if (aboutOneLog && given.log === undefined && dir === undefined && proof === undefined) throw usage('name one log with --log or --dir', 'log');
  if (given.from !== undefined && given.to !== undefined && given.from > given.to) throw usage('--from is greater than --to', 'from');
  if (proof !== undefined && given.key === undefined) throw usage('--proof needs --key: a receipt is checked against a key that you know', 'key');
}

/** The key as the caller knows it: its text, or in their own process a file. */
function givenKey(context: OperationContext, key: string): string {
  const looksLikeKey = /^[^+]+\+[0-9a-f]{8}\+/.test(key);
  if (!looksLikeKey) refuseForeignFiles(context, { key });
  const text = looksLikeKey ? key : readNamedFile(key, 'key').toString('utf8');
  verifierKey(text);
  return text.trim();
}

function keyOf(context: OperationContext, folder: LogFolder, given: Input): string {
  if (given.key !== undefined) return givenKey(context, given.key);
  const path = join(folder.directory, 'vkey');
  try {
    const text = readNamedFile(path, 'key').toString('utf8').trim();
    verifierKey(text);
    return text;
  } catch (thrown) {
    throw new ElulmcError('LOG_UNREADABLE', `${path} holds no key; give it with --key`, { cause: thrown, field: 'key' });
  }
}

async function verifyOne(context: OperationContext, folder: LogFolder, vkey: string, given: Input): Promise<VerifyLogResult> {
  context.signal.throwIfAborted();
  context.progress(`checking ${folder.log}`);
  const onProgress = (done: number, total: number): void => {
    context.signal.throwIfAborted();
    context.progress(`checking ${folder.log}: ${String(done)} of ${String(total)} entries`);
  };
  const range = { ...(given.from === undefined ? {} : { from: given.from }), ...(given.to === undefined ? {} : { to: given.to }) };
  try {
    return await verifyFiles({ source: directorySource(folder.directory), vkey, ...range, onProgress });
  } catch (thrown) {
    if (thrown instanceof RangeError) throw new ElulmcError('FIELD_INVALID', thrown.message, { cause: thrown, field: given.to === undefined ? 'from' : 'to' });
    if (context.signal.aborted || thrown instanceof ElulmcError) throw thrown;
    throw new ElulmcError('LOG_UNREADABLE', `${folder.directory}: ${(thrown as Error).message}`, { cause: thrown });
  }
}

/** Checks every log before it judges. INTEGRITY_VIOLATION names the first place that differs, and how many logs differ. */
async function verifyAll(context: OperationContext, folders: readonly LogFolder[], given: Input): Promise<Verified[]> {
  const verified: Verified[] = [];
  const differing: string[] = [];
  for (const folder of folders) {
    const result = await verifyOne(context, folder, keyOf(context, folder, given), given);
    if (!result.verified) {
      differing.push(`${folder.log}: ${result.place}: ${result.reason}`);
      continue;
    }
    const { origin, size, root, from, to } = result;
    verified.push({ log: folder.log, origin, size, root, from, to, keyFrom: given.key === undefined ? 'folder' : 'given' });
  }
  if (differing.length > 0)
    throw new ElulmcError('INTEGRITY_VIOLATION', `${differing.join('; ')} (${String(verified.length)} of ${String(folders.length)} logs hold)`);
  return verified;
}

function entriesText({ log, from, to, size }: Verified): string {
  return to - from === size ? `${log}: all ${String(size)} entries` : `${log}: entries ${String(from)} to ${String(to - 1)} of ${String(size)}`;
}

export const verifyLog = defineOperation({
  room: 'audits',
  name: 'verify-log',
  runbookLine: null,
  summary: 'Check a ledger from its files and its public key alone.',
  description:
    'Checks the signature of the checkpoint, that the stored tiles give the signed root, and that every entry hashes to its place: for all logs of this home, for one (--log), or for a folder from anywhere (--dir). ' +
    'It reads files and a key and nothing else, so it needs no running installation. The key in the folder shows that the log is whole; to know whose it is, give the key that you know (--key). ' +
    'A difference exits 7 and names the first place. --export writes a copy that any web server can serve; --prove writes the receipt of one entry, --proof checks one.',
  risk: 'read',
  permission: 'read',
  approvals: 0,
  local: 'always',
  input,
  output,
  frameworks: { csf: 'PR.DS' },
  examples: [
    'elulmc audits verify-log',
    'elulmc audits verify-log --log control --from 1000',
    'elulmc audits verify-log --log control --prove 42 --output entry-42.tlog-proof',
    'elulmc audits verify-log --proof entry-42.tlog-proof --key control.vkey',
  ],
  errors: ['INTEGRITY_VIOLATION', 'LOG_UNREADABLE', 'NOT_FOUND', 'USAGE'],
  plan: (context, given) => {
    checkUsage(context, given);
    return Promise.resolve({ changes: [], notes: [] });
  },
  perform: async (context, given) => {
    checkUsage(context, given);
    if (given.proof !== undefined) {
      const receipt = checkReceipt(given.proof, verifierKey(givenKey(context, given.key ?? '')));
      return {
        output: { logs: [], exported: null, receipt: { file: given.proof, ...receipt } },
        verdict: 'ok',
        summary: `The entry is number ${String(receipt.index)} of ${receipt.origin}, under a checkpoint of ${String(receipt.size)} entries.`,
      };
    }
    const folders = given.dir === undefined ? chosenLogs(context.services.home, given.log) : [logAt(given.dir)];
    const logs = await verifyAll(context, folders, given);
    const [folder] = folders;
    const one = folder !== undefined && folders.length === 1 ? folder : undefined;
    if (one !== undefined && given.export !== undefined) await exportLog(one.directory, given.export);
    const proves = one !== undefined && given.prove !== undefined && given.output !== undefined ? { index: given.prove, path: given.output } : undefined;
    const receipt = one === undefined || proves === undefined ? null : await writeReceipt(one.directory, keyOf(context, one, given), proves.index, proves.path);
    const extra = [
      ...(given.export === undefined ? [] : [`exported to ${given.export}`]),
      ...(proves === undefined ? [] : [`receipt in ${proves.path}, entry in ${entryFileOf(proves.path)}`]),
    ];
    return {
      output: { logs, exported: given.export ?? null, receipt: receipt === null || proves === undefined ? null : { file: proves.path, ...receipt } },
      verdict: 'ok',
      summary: `Verified ${[...logs.map(entriesText), ...extra].join('; ')}.`,
    };
  },
  undo: 'Nothing to take back: it changes no log.',
  render: ({ logs, exported, receipt }) => [
    ...logs.map(line),
    ...(exported === null ? [] : [`copied to ${exported}`]),
    ...(receipt === null ? [] : [`receipt ${receipt.file}: entry ${String(receipt.index)} of ${receipt.origin}, under ${String(receipt.size)} entries`]),
  ],
});
