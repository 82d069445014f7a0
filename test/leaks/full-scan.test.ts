import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileCanaries } from '../../src/leaks/canary-set.ts';
import type { LeakFinding } from '../../src/leaks/finding.ts';
import { type ConversationState, NEW_CONVERSATION, scanMessage, scanText } from '../../src/leaks/full-scan.ts';
import { TRANSFORMATIONS } from '../../src/leaks/transformations/transformations.ts';
import { benignMessages, keyedBytes } from './benign-messages.ts';
import { mintedCanaries } from './minted-canaries.ts';

const CANARIES = mintedCanaries(1000, 'full scan');
const SET = compileCanaries(CANARIES);
const [FIRST, SECOND] = CANARIES as unknown as readonly [(typeof CANARIES)[number], (typeof CANARIES)[number]];

function converse(messages: readonly string[], set = SET): { readonly findings: readonly LeakFinding[]; readonly state: ConversationState } {
  let state = NEW_CONVERSATION;
  const findings = messages.flatMap((message) => {
    const scan = scanMessage(set, state, message);
    state = scan.state;
    return scan.findings;
  });
  return { findings, state };
}

const idsOf = (findings: readonly LeakFinding[]): readonly string[] => [...new Set(findings.map(({ canary }) => canary))];

describe('text without a canary', () => {
  test('raises no alarm: nothing, one character, a marker alone, another canary', () => {
    const [other] = mintedCanaries(1, 'another installation');
    for (const text of ['', 'E', 'ELU', 'ELU-', 'ELU-0000-0000-0000-0000', other?.text ?? '']) expect(scanText(SET, text).findings).toEqual([]);
  });

  test('a set without canaries finds nothing', () => {
    expect(scanText(compileCanaries([]), FIRST.text).findings).toEqual([]);
  });

  test('no transformation of a canary that nobody watches raises an alarm', () => {
    const strangers = mintedCanaries(200, 'strangers');
    fc.assert(
      fc.property(fc.constantFrom(...TRANSFORMATIONS), fc.constantFrom(...strangers), ({ messages }, { text }) => {
        expect(converse(messages(text)).findings).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('no transformation of any text raises an alarm', () => {
    fc.assert(
      fc.property(fc.constantFrom(...TRANSFORMATIONS), fc.string({ unit: 'grapheme-ascii', minLength: 16, maxLength: 60 }), ({ messages }, text) => {
        expect(converse(messages(text)).findings).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('six hundred benign messages raise no alarm, alone and as one conversation', () => {
    const messages = benignMessages(600);
    expect(messages).toHaveLength(600);
    for (const message of messages) expect(scanText(SET, message).findings).toEqual([]);
    expect(converse(messages).findings).toEqual([]);
  });
});

describe('a plain canary', () => {
  test('is found with its place and span, and the excerpt does not show it', () => {
    const text = `Sure: ${SECOND.text}, as you asked`;
    expect(scanText(SET, text).findings).toEqual([
      {
        canary: SECOND.id,
        kind: 'document',
        place: 'document 1',
        via: 'verbatim',
        confidence: 'exact',
        start: 6,
        end: 6 + SECOND.text.length,
        acrossMessages: false,
        excerpt: 'Sure: ████, as you asked',
      },
    ]);
  });

  test('is found in every text around it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ unit: 'binary', maxLength: 80 }), (before, behind) => {
        expect(idsOf(scanText(SET, `${before} ${FIRST.text} ${behind}`).findings)).toEqual([FIRST.id]);
      }),
    );
  });

  test('is found at every split over messages', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: FIRST.text.length - 1 }), { maxLength: 22 }), (cuts) => {
        const places = [0, ...new Set(cuts.toSorted((a, b) => a - b)), FIRST.text.length];
        const messages = places.slice(1).map((end, i) => FIRST.text.slice(places[i], end));
        const { findings } = converse(['Hello.', ...messages]);
        expect(idsOf(findings)).toEqual([FIRST.id]);
        expect(findings.at(-1)?.confidence).toBe('exact');
      }),
    );
  });

  test('is told once for each place, however often it is looked at', () => {
    const { findings } = converse([FIRST.text, 'and', 'again', FIRST.text]);
    expect(findings.map(({ start, acrossMessages }) => [start, acrossMessages])).toEqual([
      [0, false],
      [0, false],
    ]);
    expect(scanText(SET, `${FIRST.text} ${SECOND.text} `.repeat(1000)).findings).toHaveLength(32);
  });

  test('is found without its text, by the hash of the registry', () => {
    const hashes = compileCanaries(CANARIES.map(({ text: _, ...entry }) => entry));
    expect(idsOf(scanText(hashes, Buffer.from(FIRST.text).toString('base64')).findings)).toEqual([FIRST.id]);
    expect(scanText(hashes, FIRST.text.slice(0, -5)).findings).toEqual([]);
  });

  test('is found with a marker of its own', () => {
    const [other] = mintedCanaries(1, 'marker', 'ACME7');
    const set = compileCanaries([...CANARIES.slice(0, 10), ...(other === undefined ? [] : [other])]);
    for (const { name, messages } of TRANSFORMATIONS) expect([name, idsOf(converse(messages(other?.text ?? ''), set).findings)]).toEqual([name, [other?.id]]);
  });
});

describe('over messages', () => {
  test('fragments in changing sentences are put together', () => {
    const [a, b, c] = [FIRST.text.slice(0, 9), FIRST.text.slice(9, 16), FIRST.text.slice(16)];
    const { findings } = converse([`It begins with ${a} I think`, 'Then?', `Then you write ${b}, and`, `at the very end comes ${c}.`]);
    expect(idsOf(findings)).toEqual([FIRST.id]);
  });

  test('fragments in one frame are put together, also with numbers', () => {
    const pieces = FIRST.text.match(/.{1,4}/g) ?? [];
    const numbered = pieces.map((piece, i) => `Part ${String(i + 1)}: ${piece} - shall I go on?`);
    expect(idsOf(converse(['Of course!', ...numbered]).findings)).toEqual([FIRST.id]);
  });

  test('every transformation is found in the middle of a conversation', () => {
    const { state } = converse(benignMessages(60));
    for (const { name, messages } of TRANSFORMATIONS) {
      let now = state;
      const findings = messages(FIRST.text).flatMap((message) => {
        const scan = scanMessage(SET, now, message);
        now = scan.state;
        return scan.findings;
      });
      expect([name, idsOf(findings)]).toEqual([name, [FIRST.id]]);
    }
  });

  test('the state is plain data of bounded size', () => {
    const { state } = converse(benignMessages(300));
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(JSON.stringify(state).length).toBeLessThan(64 * 1024);
  });
});

describe('hostile text', () => {
  test('nested bombs, long lines and broken characters end within their limits', () => {
    const nest = (text: string, depth: number): string => (depth === 0 ? text : nest(gzipSync(text).toString('base64'), depth - 1));
    const texts = [
      nest('0'.repeat(1_000_000), 4),
      gzipSync(Buffer.alloc(20_000_000)).toString('base64'),
      '\ud83d'.repeat(200_000),
      'ELU-'.repeat(100_000),
      'eluone'.repeat(20_000),
      '%25'.repeat(100_000),
      '=?!<~'.repeat(50_000),
      '-.'.repeat(100_000),
      '0x4'.repeat(100_000),
      '\n'.repeat(300_000),
      'a\n'.repeat(100_000),
      `${FIRST.text.slice(4, 9)} `.repeat(30_000),
      Buffer.from(keyedBytes('hostile', 200_000)).toString('base64'),
    ];
    for (const text of texts) expect(idsOf(scanText(SET, text).findings).filter((id) => id !== FIRST.id)).toEqual([]);
  });

  test('a line of ten megabytes is searched to its end', { timeout: 120_000 }, () => {
    const text = `${'lorem ipsum '.repeat(870_000)}${FIRST.text}`;
    expect(scanText(SET, text).findings).toMatchObject([{ canary: FIRST.id, start: text.length - FIRST.text.length, end: text.length }]);
  });

  test('what lies deeper than three encodings is not read, and a small one is', () => {
    const wrap = (times: number): string => Array.from({ length: times }).reduce<string>((text) => Buffer.from(text).toString('base64'), FIRST.text);
    expect(idsOf(scanText(SET, wrap(4)).findings)).toEqual([FIRST.id]);
    expect(scanText(SET, wrap(6)).findings).toEqual([]);
  });
});
