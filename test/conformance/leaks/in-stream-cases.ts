import { SECRET_RULES } from '../../../src/leaks/secrets/secret-rules.ts';
import { compileInspection, type InspectionTable } from '../../../src/leaks/stream/inspection-table.ts';
import { mintedCanaries, watchedCanary } from '../../leaks/minted-canaries.ts';
import { MADE_SECRETS } from '../../leaks/secrets/made-secrets.ts';
import { ANSWER_ROWS, type AnswerRow } from '../../leaks/stream/answer-rows.ts';
import { clientEvents, eventStream, readsOf, runStream } from '../../leaks/stream/run-stream.ts';
import { literal, READINGS, runMatrix, WRITINGS } from '../../leaks/stream/split-matrix.ts';
import type { ConformanceCase } from '../suite.ts';
import { readTransformedLeaks } from './transform-file.ts';

/** Transformations that the search in the stream sees. */
const SEEN = new Set(['identity', 'lower', 'altcase']);
/** So many do not stand in the automaton whole any more. */
const MANY = 5_000;

function matrixCase(
  row: AnswerRow,
  canary: { readonly id: string; readonly text: string },
  tables: readonly (readonly [string, InspectionTable])[],
): readonly ConformanceCase[] {
  return tables.flatMap(([size, table]) =>
    [1, 3].flatMap((n) =>
      WRITINGS.map((writing) => ({
        name: `${row.name}, ${writing}, ${String(n)} choices, ${size}: every split position in ${READINGS.join(', ')}`,
        group: `tier 1 at every split position, ${row.name}`,
        expected: 'all cut, at most 7 characters out',
        given: () => {
          const results = READINGS.map((reading) => runMatrix(table, canary, { row, writing, reading, n }));
          const streams = results.reduce((sum, result) => sum + result.streams, 0);
          const cut = results.reduce((sum, result) => sum + result.cut, 0);
          const mostOut = Math.max(...results.map((result) => result.mostOut));
          return cut === streams && mostOut <= 7
            ? 'all cut, at most 7 characters out'
            : `${String(cut)} of ${String(streams)} cut, ${String(mostOut)} characters out`;
        },
      })),
    ),
  );
}

const chat = (text: string): string => `{"choices":[{"index":0,"delta":{"content":${literal(text, 'plain')}},"finish_reason":null}]}`;

/** A made credential at every split position: the stream is cut and its value has not left. */
function secretCase([id, form, make]: (typeof MADE_SECRETS)[number], table: InspectionTable): ConformanceCase {
  return {
    name: `${id}, ${form}: every split position`,
    group: 'tier 1, credentials at every split position',
    expected: 'all cut',
    given: () => {
      const text = `Here: ${make('conformance')} .`;
      const missed = Array.from(text, (_, at) => at).filter((at) => {
        const { out, leaks } = runStream(table, 'chat', readsOf(eventStream([chat(text.slice(0, at)), chat(text.slice(at)), '[DONE]']), 100));
        const seen = clientEvents(out).length;
        return !leaks.some((leak) => leak.id === id) || seen > 1;
      });
      return missed.length === 0 ? 'all cut' : `missed at ${missed.join(' ')}`;
    },
  };
}

/** Leaks of the file: what tier 1 has to see, and that it takes nothing for another canary. */
function fileCases(directory: string): readonly ConformanceCase[] {
  const leaks = readTransformedLeaks(directory);
  const canaries = [...new Set(leaks.map(({ canary }) => canary))].map((text, i) =>
    watchedCanary(text, { kind: 'prompt', place: `prompt ${String(i)}`, epoch: 0 }),
  );
  const table = compileInspection(canaries, SECRET_RULES);
  const idOf = (canary: string): string => canaries.find(({ text }) => text === canary)?.id ?? '';
  return leaks
    .filter(({ transform }) => SEEN.has(transform))
    .map(({ canary, transform, messages }) => ({
      name: `${transform}: ${canary} is cut in the stream, character by character`,
      group: 'tier 1, transformations of the file that are seen in the stream',
      expected: idOf(canary),
      given: () =>
        runStream(table, 'chat', [eventStream(messages.flatMap((message) => Array.from(message, chat)))])
          .leaks.map(({ id }) => id)
          .join(' '),
    }));
}

/** Tier 1: every row of the table of texts, every split position, three ways to read and to write, one choice and three; credentials. */
export function inStreamCases(directory: string): readonly ConformanceCase[] {
  const canaries = mintedCanaries(MANY, 'conformance, in the stream');
  const [canary = { id: '', text: '' }] = canaries;
  const whole = compileInspection(canaries.slice(0, 20), SECRET_RULES);
  const tables = [['20 canaries', whole] as const, [`${String(MANY)} canaries`, compileInspection(canaries, SECRET_RULES)] as const];
  return [...ANSWER_ROWS.flatMap((row) => matrixCase(row, canary, tables)), ...MADE_SECRETS.map((one) => secretCase(one, whole)), ...fileCases(directory)];
}
