import { createHash } from 'node:crypto';
import { EvidenceError } from '../checks.ts';

const MAX_BYTES = 256 * 1024 * 1024;
const DIGEST_HEX = 64;
const VIOLATION = '0'.repeat(DIGEST_HEX);
const HASHES: Readonly<Partial<Record<string, number>>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** Templates whose entry has a third field after digest and path: a signature, or what was measured. */
const WITH_MORE: ReadonlySet<string | undefined> = new Set(['ima-sig', 'ima-buf']);

/** One file that the kernel measured before it was used (Documentation/security/IMA-templates of Linux: `ima-ng`, `ima-sig`, `ima-buf`). */
export interface MeasuredFile {
  /** What PCR 10 is extended with: 32 bytes. */
  readonly extension: Buffer;
  /** `sha256:<hex>`; null when the file was changed while it was in use. */
  readonly digest: string | null;
  readonly path: string;
}

function sized(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** `more`: the third field; null where the template has none. */
function templateHash(algorithm: string, hash: string, path: string, more: Buffer | null): Buffer {
  const digest = Buffer.concat([Buffer.from(`${algorithm}:\0`, 'latin1'), Buffer.from(hash, 'hex')]);
  return createHash('sha256')
    .update(sized(digest))
    .update(sized(Buffer.from(`${path}\0`, 'latin1')))
    .update(more === null ? Buffer.alloc(0) : sized(more))
    .digest();
}

/** How path and third field can stand in the rest of a line: paths may hold blanks, and the kernel leaves an empty field out. */
function readingsOf(name: string, rest: string): readonly { readonly path: string; readonly more: Buffer | null }[] {
  if (!WITH_MORE.has(name)) return [{ path: rest, more: null }];
  const [, path = '', hex = ''] = /^(.+) ((?:[0-9a-f]{2})*)$/u.exec(rest) ?? [];
  return [...(path === '' ? [] : [{ path, more: Buffer.from(hex, 'hex') }]), { path: rest, more: Buffer.alloc(0) }];
}

function isHex(text: string, length: number | undefined): boolean {
  return text.length === length && /^[0-9a-f]*$/u.test(text);
}

/** EvidenceError `malformed` when the line has another shape, `event-log-mismatch` when it does not hash to what it says. */
function readLine(line: string): MeasuredFile {
  const [pcr, template = '', name = '', digest = '', ...words] = line.split(' ');
  const rest = words.join(' ');
  const [algorithm = '', hash = '', ...others] = digest.split(':');
  const size = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  const isKnown = name === 'ima-ng' || WITH_MORE.has(name);
  if (pcr !== '10' || !isKnown || rest === '' || others.length > 0 || !isHex(template, DIGEST_HEX) || !isHex(hash, size))
    throw new EvidenceError('malformed', `a line of the list of measured files: ${JSON.stringify(line.slice(0, 200))}`);
  const readings = readingsOf(name, rest);
  const shown = (path: string): string => Buffer.from(path, 'latin1').toString('utf8');
  if (template === VIOLATION) return { extension: Buffer.alloc(32, 0xff), digest: null, path: shown(readings[0]?.path ?? rest) };
  const hashed = readings.map(({ path, more }) => ({ path, extension: templateHash(algorithm, hash, path, more) }));
  const found = hashed.find(({ extension }) => extension.toString('hex') === template);
  if (found !== undefined) return { extension: found.extension, digest: `${algorithm}:${hash}`, path: shown(found.path) };
  const expected = hashed.map(({ extension }) => extension.toString('hex')).join(' or ');
  throw new EvidenceError('event-log-mismatch', `the entry of ${shown(rest)}`, { expected, found: template });
}

/** The kernel's list `ascii_runtime_measurements_sha256`, in its order. EvidenceError as for a line. */
export function readImaList(bytes: Buffer): readonly MeasuredFile[] {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('malformed', 'the list of measured files is too large');
  const lines = bytes.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(readLine);
}
