const BASE64 = /^[A-Za-z0-9+/_-]+={0,2}$/;
const HEX = /^[0-9a-fA-F]+$/;
/** Long runs inside of other text, such as `b64decode('gASV...')`. */
const RUNS = /[A-Za-z0-9+/_-]{24,}={0,2}/g;
const ESCAPED = /^(?:b?['"])?(?:\\x[0-9a-fA-F]{2}){2}/;
const MAX_RUNS = 64;

export interface DecodedText {
  readonly how: 'base64' | 'hex' | 'escapes';
  readonly bytes: Buffer;
}

/** What a text may stand for as a whole; newlines between the characters are nothing. */
export function decodeWhole(text: string): DecodedText | null {
  const packed = text.replaceAll(/\s+/g, '');
  if (packed.length < 16) return null;
  if (packed.length % 2 === 0 && HEX.test(packed)) return { how: 'hex', bytes: Buffer.from(packed, 'hex') };
  if (BASE64.test(packed)) return { how: 'base64', bytes: Buffer.from(packed, 'base64') };
  if (ESCAPED.test(packed)) return { how: 'escapes', bytes: unescape(text) };
  return null;
}

/** Encoded runs inside of a text. */
export function decodeRuns(text: string): DecodedText[] {
  const found: DecodedText[] = [];
  for (const [run] of text.matchAll(RUNS)) {
    if (found.length >= MAX_RUNS) break;
    const decoded = decodeWhole(run);
    if (decoded !== null) found.push(decoded);
  }
  return found;
}

/** The bytes of `\x80\x04...` */
function unescape(text: string): Buffer {
  const inner = text
    .trim()
    .replace(/^b?['"]/, '')
    .replace(/['"]$/, '');
  return Buffer.from(
    inner.replaceAll(/\\x([0-9a-fA-F]{2})|\\n/g, (_all, hex?: string) => (hex === undefined ? '\n' : String.fromCharCode(Number.parseInt(hex, 16)))),
    'latin1',
  );
}

const CODE = [
  /^\s*(?:import\s+(?:os|sys|subprocess|socket|pty|shutil|ctypes|base64|pickle)\b|from\s+(?:os|subprocess|socket|ctypes)\s+import\b)/,
  /^\s*(?:exec|eval|compile|__import__|os\.(?:system|popen|exec[a-z]*)|subprocess\.[A-Za-z_]+|pickle\.loads|marshal\.loads|runpy\.[a-z_]+)\s*\(/,
  /__import__\(\s*['"](?:os|subprocess|socket|pty|ctypes|builtins)['"]\s*\)/,
  /\b(?:exec|eval)\s*\(\s*(?:compile|base64|zlib|codecs|bytes|__import__)/,
];

/** Bytes of a text that are looked at. */
const CODE_HEAD = 4096;

/** Whether a text is a program that runs commands or evaluates others: it begins as one, or has a form that prose does not have. */
export function isCodeText(text: string): boolean {
  const head = text.slice(0, CODE_HEAD);
  return CODE.some((pattern) => pattern.test(head));
}
