/**
 * The vocabulary of the reference models (models/README.md): 260 tokens, one a byte. A space is token 259, any other
 * byte b is b + 3; 0 is unknown, 1 begins a text, 2 ends it.
 */

export const BOS = 1;
export const EOS = 2;
export const VOCABULARY_SIZE = 260;

const SPACE_TOKEN = 259;
const SPACE_BYTE = 0x20;
const FIRST_BYTE_TOKEN = 3;
const CONTROL_NAMES = ['<unk>', '<s>', '</s>'];

/** Tokens of the UTF-8 bytes of `text`, without BOS. */
export function encodeText(text: string): number[] {
  return Array.from(Buffer.from(text, 'utf8'), (byte) => (byte === SPACE_BYTE ? SPACE_TOKEN : byte + FIRST_BYTE_TOKEN));
}

/** The byte that a token stands for; undefined for the three control tokens. */
export function tokenByte(token: number): number | undefined {
  if (token === SPACE_TOKEN) return SPACE_BYTE;
  return token < FIRST_BYTE_TOKEN ? undefined : token - FIRST_BYTE_TOKEN;
}

/** Text of whole tokens; control tokens have none, bytes that are not UTF-8 become U+FFFD. */
export function decodeTokens(tokens: readonly number[]): string {
  return Buffer.from(tokens.map(tokenByte).filter((byte) => byte !== undefined)).toString('utf8');
}

/** How a token is named in log-probabilities. A byte of a non-ASCII character has no text: `bytes:\xe2`, as OpenAI writes it. */
export function tokenName(token: number): string {
  const byte = tokenByte(token);
  if (byte === undefined) return CONTROL_NAMES[token] ?? '';
  return byte < 0x80 ? String.fromCharCode(byte) : `bytes:\\x${byte.toString(16)}`;
}

/** Whether a token continues a character that an earlier token began. */
export function continuesCharacter(token: number): boolean {
  const byte = tokenByte(token);
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
