/**
 * The bytes of JSON as UTF-8, as Python's `json.loads` takes them: it finds UTF-16 and UTF-32 by their zeros (`json.detect_encoding`).
 * `same`: offsets are still those of the file.
 */
export function pythonJson(bytes: Buffer): { readonly text: Buffer; readonly same: boolean } {
  const encoding = detectEncoding(bytes);
  if (encoding === 'utf-8') return { text: withoutConstants(bytes), same: true };
  if (encoding === 'utf-8-sig') return { text: withoutConstants(Buffer.concat([Buffer.from('   '), bytes.subarray(3)])), same: true };
  return { text: withoutConstants(decode(bytes, encoding)), same: false };
}

type Encoding = 'utf-8' | 'utf-8-sig' | 'utf-16le' | 'utf-16be' | 'utf-32le' | 'utf-32be';

function detectEncoding(bytes: Buffer): Encoding {
  const [a = 1, b = 1, c = 1, d = 1] = bytes;
  if (a === 0 && b === 0 && c === 0xfe && d === 0xff) return 'utf-32be';
  if (a === 0xff && b === 0xfe && c === 0 && d === 0) return 'utf-32le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xef && b === 0xbb && c === 0xbf) return 'utf-8-sig';
  if (a === 0) return b === 0 ? 'utf-32be' : 'utf-16be';
  if (b === 0) return bytes.length >= 4 && c === 0 && d === 0 ? 'utf-32le' : 'utf-16le';
  return 'utf-8';
}

function decode(bytes: Buffer, encoding: Encoding): Buffer {
  const unit = encoding.startsWith('utf-32') ? 4 : 2;
  const whole = Buffer.from(bytes.subarray(0, bytes.length - (bytes.length % unit)));
  if (encoding === 'utf-16be') whole.swap16();
  if (encoding === 'utf-32be') whole.swap32();
  if (unit === 2) return Buffer.from(whole.toString('utf16le').replace(/^\ufeff/, ''));
  const points: string[] = [];
  for (let at = 0; at < whole.length; at += 4) {
    const point = whole.readUInt32LE(at);
    points.push(point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd');
  }
  return Buffer.from(points.join('').replace(/^\ufeff/, ''));
}

const CONSTANTS = ['NaN', 'Infinity'];

/** Python writes NaN and Infinity, which JSON does not have: outside of strings they become numbers of the same length. */
function withoutConstants(bytes: Buffer): Buffer {
  if (!CONSTANTS.some((word) => bytes.includes(word))) return bytes;
  const copy = Buffer.from(bytes);
  let quoted = false;
  for (let at = 0; at < copy.length; at++) {
    const byte = copy[at];
    if (quoted && byte === 0x5c) at++;
    else if (byte === 0x22) quoted = !quoted;
    else if (!quoted && (byte === 0x4e || byte === 0x49)) {
      const word = CONSTANTS.find((one) => copy.toString('latin1', at, at + one.length) === one);
      if (word !== undefined) copy.fill(' ', at, at + word.length).write('0', at, 'latin1');
    }
  }
  return copy;
}
