import { createHash } from 'node:crypto';
import { EvidenceError } from '../checks.ts';

const MAX_BYTES = 256 * 1024 * 1024;
const DIGEST_HEX = 64;
const VIOLATION = '0'.repeat(DIGEST_HEX);
const HASHES: Readonly<Partial<Record<string, number>>> = { sha1: 40, sha256: 64, sha384: 96, sha512: 128 };

/** One file that the kernel measured before it was used (Documentation/security/IMA-templates of Linux, template `ima-ng`). */
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

function templateHash(algorithm: string, hash: string, path: string): Buffer {
  const digest = Buffer.concat([Buffer.from(`${algorithm}:\0`, 'latin1'), Buffer.from(hash, 'hex')]);
  return createHash('sha256')
    .update(sized(digest))
    .update(sized(Buffer.from(`${path}\0`, 'latin1')))
    .digest();
}

function isHex(text: string, length: number | undefined): boolean {
  return text.length === length && /^[0-9a-f]*$/u.test(text);
}

/** EvidenceError `malformed` when the line has another shape, `event-log-mismatch` when it does not hash to what it says. */
function readLine(line: string): MeasuredFile {
  const [pcr, template = '', name, digest = '', ...rest] = line.split(' ');
  const path = rest.join(' ');
  const [algorithm = '', hash = '', ...more] = digest.split(':');
  const size = Object.hasOwn(HASHES, algorithm) ? HASHES[algorithm] : undefined;
  if (pcr !== '10' || name !== 'ima-ng' || path === '' || more.length > 0 || !isHex(template, DIGEST_HEX) || !isHex(hash, size))
    throw new EvidenceError('malformed', `a line of the list of measured files: ${JSON.stringify(line.slice(0, 200))}`);
  const shown = Buffer.from(path, 'latin1').toString('utf8');
  if (template === VIOLATION) return { extension: Buffer.alloc(32, 0xff), digest: null, path: shown };
  const extension = templateHash(algorithm, hash, path);
  if (extension.toString('hex') !== template)
    throw new EvidenceError('event-log-mismatch', `the entry of ${shown}`, { expected: extension.toString('hex'), found: template });
  return { extension, digest: `${algorithm}:${hash}`, path: shown };
}

/** The kernel's list `ascii_runtime_measurements_sha256`, in its order. EvidenceError as for a line. */
export function readImaList(bytes: Buffer): readonly MeasuredFile[] {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('malformed', 'the list of measured files is too large');
  const lines = bytes.toString('latin1').split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(readLine);
}
