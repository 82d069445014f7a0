import { PYTHON_ESCAPES } from './python-escapes.ts';

const ESCAPE = /\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3})|N\{[^{}]{1,80}\}|([\s\S]))/g;

/** The text of a Python string between its quotes. Escapes can spell any name, so what is compared is always the decoded text. */
export function decodePythonString(body: string, raw: boolean): string {
  if (raw || !body.includes('\\')) return body;
  return body.replace(ESCAPE, (whole: string, byte?: string, short?: string, long?: string, octal?: string, other?: string) => {
    const hex = byte ?? short ?? long;
    const code = hex !== undefined ? Number.parseInt(hex, 16) : octal === undefined ? undefined : Number.parseInt(octal, 8);
    if (code !== undefined) return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    return other === undefined ? '?' : (PYTHON_ESCAPES.get(other) ?? whole);
  });
}
