/** Type of the payload of every model signature. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

function preAuthenticationEncoding(version: string, payloadType: string, length: number, body: Buffer): Buffer {
  const type = Buffer.from(payloadType);
  return Buffer.concat([Buffer.from(`${version} ${String(type.length)} `), type, Buffer.from(` ${String(length)} `), body]);
}

/** What a DSSE signature is over (secure-systems-lab/dsse, protocol.md): the bytes of the payload, never JSON that was written anew. */
export function signedBytes(payloadType: string, payload: Buffer): Buffer {
  return preAuthenticationEncoding('DSSEv1', payloadType, payload.length, payload);
}

const BACKSLASH = 0x5c;
const ESCAPES: Readonly<Record<number, string>> = { 0x09: '\\t', 0x0a: '\\n', 0x0d: '\\r', [BACKSLASH]: '\\\\' };

/** Python's `repr()` of a bytes object. */
function pythonRepr(bytes: Buffer): Buffer {
  const quote = bytes.includes(0x27) && !bytes.includes(0x22) ? 0x22 : 0x27;
  const table = Array.from({ length: 256 }, (_, byte) => {
    const named = ESCAPES[byte];
    if (named !== undefined) return Buffer.from(named);
    if (byte === quote) return Buffer.from([BACKSLASH, quote]);
    return byte < 0x20 || byte > 0x7e ? Buffer.from(`\\x${byte.toString(16).padStart(2, '0')}`) : Buffer.from([byte]);
  });
  const out = Buffer.allocUnsafe(bytes.reduce((sum, byte) => sum + (table[byte]?.length ?? 0), 3));
  let at = out.write('b');
  at = out.writeUInt8(quote, at);
  for (const byte of bytes) at += table[byte]?.copy(out, at) ?? 0;
  out.writeUInt8(quote, at);
  return out;
}

/** What the releases before 1.0 signed by mistake: the version in capitals, and the text of a Python bytes object. */
export function signedBytesBefore10(payload: Buffer): Buffer {
  return preAuthenticationEncoding('DSSEV1', PAYLOAD_TYPE, payload.length, pythonRepr(payload));
}
