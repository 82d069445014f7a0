import { constants, inflateSync } from 'node:zlib';
import { embeddedKind } from './embedded-kind.ts';

/** Something in a text that ordinary metadata does not hold. */
export interface TextSign {
  readonly kind: 'code' | 'shell' | 'script' | 'encoded' | 'secret';
  readonly detail: string;
}

/** Longer texts are judged by their beginning and end. */
const MAX_TEXT = 256 * 1024;
const MAX_DECODED = 64 * 1024;
/** Of one text; each is cut at 1 MiB. */
const MAX_INFLATED = 50;

// Each pattern takes a bounded number of characters from each place where it can begin, so that no text makes it slow.
// Ordinary words ("import", an address, `model.eval()`) are no sign: each pattern is a call, a pipe or a token of a known form.
const PATTERNS: readonly (readonly [TextSign['kind'], string, RegExp])[] = [
  [
    'code',
    'runs a command in Python',
    /\b(?:os\.(?:system|popen|exec[lv]\w{0,3}|spawn\w{1,4}|posix_spawn)|subprocess\.\w{1,20}|pty\.spawn|commands\.getoutput) {0,4}\(/,
  ],
  ['code', 'evaluates Python', /(?<![.\w])(?:exec|eval|execfile) {0,4}\([^)\s]/],
  ['code', 'imports at run time', /\b__import__ {0,4}\(|\bimportlib\.import_module {0,4}\(/],
  ['code', 'loads a pickle', /\b(?:c?[pP]ickle|marshal|dill|joblib|cloudpickle)\.loads? {0,4}\(/],
  ['code', 'loads native code', /\bctypes\.(?:CDLL|cdll|windll)\b/],
  ['code', 'names a pickled function', /(?:^|[^\w])c(?:os|posix|nt|subprocess|builtins|__builtin__|sys|pty|runpy|importlib)\n\w{1,40}\n/],
  ['code', 'reaches into Python objects', /__(?:globals|builtins|subclasses|mro)__/],
  ['shell', 'pipes a download into a shell', /\b(?:curl|wget|fetch)\b[^\n]{0,300}?\| {0,4}(?:sudo {1,4})?(?:\/\w{1,8}){0,3}\/?(?:ba|z|da|k)?sh\b/],
  ['shell', 'pipes decoded text into a shell', /\bbase64 {1,4}(?:-d|-D|--decode)\b[^\n]{0,200}?\| {0,4}(?:ba|z)?sh\b/],
  ['shell', 'runs what it downloads', /(?:\$\(|`) {0,4}(?:curl|wget) /],
  ['shell', 'deletes files', /\brm {1,4}-[a-zA-Z]{0,6}[rR][a-zA-Z]{0,6} {1,4}[-/~$.*\w]/],
  ['shell', 'opens a shell', /\b(?:ba|z)?sh {1,4}-[ci] |\/dev\/(?:tcp|udp)\/|\bnc(?:at)? {1,4}(?:-\w{1,6} {1,4}){0,4}-\w{0,4}e |\bmkfifo \//],
  ['shell', 'runs hidden PowerShell', /\bpowershell(?:\.exe)? [^\n]{0,80}?[-/]e(?:c|nc|ncodedcommand)? {1,4}[A-Za-z0-9+/=]{8}|\bIEX {0,4}\(/i],
  ['shell', 'runs PowerShell', /\bpowershell(?:\.exe)? {1,4}[-/](?:e|enc|nop|w|c|ep|ex)\w{0,20}\b|\bIEX {0,4}\(/i],
  ['script', 'is a script of a web page', /<script[\s>/]|\bjavascript:\w|\bon(?:error|load|click) {0,4}= {0,4}["']/i],
  ['secret', 'private key', /-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY-----/],
  ['secret', 'access key of AWS', /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ['secret', 'token of GitHub', /\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_[A-Za-z0-9_]{60}/],
  ['secret', 'token of GitLab', /\bglpat-[A-Za-z0-9_-]{20}/],
  ['secret', 'token of Hugging Face', /\bhf_[A-Za-z0-9]{34}\b/],
  ['secret', 'token of Slack', /\bxox[abeoprs]-[A-Za-z0-9-]{20}/],
  ['secret', 'key of Google', /\bAIza[0-9A-Za-z_-]{35}/],
  ['secret', 'key of a model provider', /\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32}/],
];

/** Looks for code, shell commands, scripts, encoded pickles and programs, and secrets. At most one sign of each pattern; the secret itself is not in it. */
export function suspiciousText(text: string): TextSign[] {
  const looked = text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT / 2)}\n${text.slice(-MAX_TEXT / 2)}`;
  const signs: TextSign[] = [];
  for (const [kind, detail, pattern] of PATTERNS) {
    const match = pattern.exec(looked);
    if (match !== null) signs.push({ kind, detail: kind === 'secret' ? detail : `${detail}: ${JSON.stringify(match[0].slice(0, 60))}` });
  }
  const encoded = encodedKind(looked);
  if (encoded !== undefined) signs.push({ kind: 'encoded', detail: encoded });
  return signs;
}

function encodedKind(text: string): string | undefined {
  const budget = { inflate: MAX_INFLATED };
  for (const [run] of text.matchAll(/[A-Za-z0-9+/_-]{24,}/g)) {
    const base64 = decodedKind(Buffer.from(run.slice(0, MAX_DECODED), 'base64'), budget);
    if (base64 !== undefined) return `base64 of ${base64}`;
    const hex = /^[0-9a-fA-F]+$/.test(run) ? decodedKind(Buffer.from(run.slice(0, MAX_DECODED), 'hex'), budget) : undefined;
    if (hex !== undefined) return `hexadecimal of ${hex}`;
  }
  return undefined;
}

function decodedKind(bytes: Buffer, budget: { inflate: number }): string | undefined {
  const kind = embeddedKind(bytes, { pickle: true });
  if (kind !== undefined) return kind;
  if (bytes[0] !== 0x78 || bytes.readUInt16BE(0) % 31 !== 0 || budget.inflate-- <= 0) return undefined;
  try {
    const inflated = embeddedKind(inflateSync(bytes, { maxOutputLength: 1024 * 1024, finishFlush: constants.Z_SYNC_FLUSH }), { pickle: true });
    return inflated === undefined ? undefined : `compressed ${inflated}`;
  } catch {
    return undefined;
  }
}
