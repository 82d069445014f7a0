import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { begin, CHAT, eventsOf, readAll, startHarness, until } from './fixtures/harness.ts';
import type { Harness } from './fixtures/harness.ts';
import { chunk, DONE, sseHead, USAGE_CHUNK } from './fixtures/scripted-upstream.ts';

let harness: Harness;
beforeAll(async () => {
  harness = await startHarness();
});
afterAll(async () => {
  await harness.close();
});

/** Whatever is cut when, and however the upstream cuts its bytes: the client gets whole events and a whole body. */
test('a stream that is cut at a random moment is well-formed to its last byte', { timeout: 120_000 }, async () => {
  const bytes = Buffer.from(['a', 'bé', '\u{1f600}', 'd', 'e', 'f'].map((text) => chunk(text)).join('') + chunk('', 'stop') + USAGE_CHUNK + DONE);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 0, max: 15 }),
      fc.constantFrom('isolate', 'kill', 'sessions', 'never'),
      async (cuts, afterMs, how) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        harness.upstream.script = (_seen, response) => {
          sseHead(response);
          let i = 0;
          const step = (): void => {
            if (response.destroyed) return;
            response.write(bytes.subarray(at[i], at[i + 1]));
            i += 1;
            if (i + 1 < at.length) setTimeout(step, 1);
            else response.end();
          };
          step();
        };
        const timer = setTimeout(() => {
          if (how === 'isolate') harness.posture.isolate('all', null);
          if (how === 'kill') harness.posture.setKillSwitch(true);
          if (how === 'sessions') harness.posture.voidSessions();
        }, afterMs);
        const reply = await readAll(await begin(harness, { body: { ...CHAT, stream: true } }));
        clearTimeout(timer);
        harness.posture.setKillSwitch(false);
        harness.posture.lift();
        expect(reply.broken).toBe(false);
        if (reply.status !== 200) {
          expect(['ISOLATED', 'REVOKED']).toContain((JSON.parse(reply.text) as { code: string }).code);
        } else {
          const events = eventsOf(reply.text);
          const parsed = events.filter((event) => event !== '[DONE]').map((event) => JSON.parse(event) as { error?: { code: string }; usage?: unknown });
          const errors = parsed.filter((event) => event.error !== undefined);
          const complete = events.at(-1) === '[DONE]';
          // Exactly one end: the marker, or one error event as the last.
          expect(errors.length).toBe(complete ? 0 : 1);
          if (!complete) expect(parsed.at(-1)?.error).toBeDefined();
          expect(parsed.some((event) => event.usage !== undefined)).toBe(false);
          if (how === 'never') expect(complete).toBe(true);
        }
        await until(() => harness.worker.status().activeRequests === 0);
      },
    ),
    { numRuns: 60 },
  );
});
