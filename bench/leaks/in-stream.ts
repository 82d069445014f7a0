import { SECRET_RULES } from '../../src/leaks/secrets/secret-rules.ts';
import { InspectedStream } from '../../src/leaks/stream/inspected-stream.ts';
import { compileInspection, type InspectionTable } from '../../src/leaks/stream/inspection-table.ts';
import { TextScan } from '../../src/leaks/stream/text-scan.ts';
import { TextState } from '../../src/leaks/stream/text-state.ts';
import { figure, markdownTable } from '../gateway/report.ts';
import { cpuMs, minted, usedBytes } from './at-rest.ts';
import type { Corpus } from './corpora.ts';

const COUNTS = [10, 1_000, 100_000];
/** The peers compare every canary with every byte: at most so much work, in canaries times bytes. */
const PEER_WORK = 2e9;
const ROUNDS = 5;
const FLOOR_MB = 30;
const GOAL_MB = 50;
const MEMORY_MB = 25;

/** Reads a corpus once; gives how much of it it has read, in bytes, and how many alarms there were. */
type Reader = (corpus: Corpus) => { readonly bytes: number; readonly alarms: number };

interface Subject {
  readonly name: string;
  readonly buildMs: number;
  readonly megabytes: number;
  readonly read: Reader;
  /** A canary that is cut over two pieces is found. */
  readonly carries: boolean;
}

function chunksOf(corpus: Corpus, size: number): readonly Buffer[] {
  // The documents have the private key of a test vector, which is found.
  const bytes = Buffer.from(corpus.messages.join('').replaceAll('PRIVATE KEY-----', 'PUBLIC KEY-----'));
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}

/** Prepared once for each corpus: only the search is measured. */
function prepared<Input>(make: (corpus: Corpus) => Input): (corpus: Corpus) => Input {
  const known = new Map<Corpus, Input>();
  return (corpus) => {
    const input = known.get(corpus) ?? make(corpus);
    known.set(corpus, input);
    return input;
  };
}

const chunks64 = prepared((corpus) => chunksOf(corpus, 64));
const chunks6 = prepared((corpus) => chunksOf(corpus, 6));
/** One chat event for each 64 bytes, as an engine sends them. */
const events = prepared((corpus) =>
  chunksOf(corpus, 64).map((chunk) =>
    Buffer.from(
      `data: {"id":"chatcmpl-7f3a","object":"chat.completion.chunk","created":1795824000,"model":"house-1","choices":[{"index":0,"delta":{"content":${JSON.stringify(chunk.toString())}},"logprobs":null,"finish_reason":null}]}\n\n`,
    ),
  ),
);

function textReader(table: InspectionTable, chunks: (corpus: Corpus) => readonly Buffer[]): Reader {
  return (corpus) => {
    let [alarms, bytes, held] = [0, 0, 0];
    const scan = new TextScan(table, () => (alarms += 1));
    const state = new TextState('0', 'content');
    for (const chunk of chunks(corpus)) {
      scan.read(state, chunk, 0, chunk.length);
      if (scan.holdStart(state) >= 0) held += 1;
      bytes += chunk.length;
    }
    if (held === bytes) throw new Error('everything was held');
    return { bytes, alarms };
  };
}

function eventReader(table: InspectionTable): Reader {
  return (corpus) => {
    const stream = new InspectedStream(table, 'chat', { mode: 'cut' });
    let bytes = 0;
    for (const event of events(corpus)) {
      stream.push(event, 0, event.length);
      stream.settle();
    }
    stream.end();
    if (stream.fault !== undefined) throw new Error(stream.fault);
    for (const chunk of chunks64(corpus)) bytes += chunk.length;
    return { bytes, alarms: stream.leaks.length };
  };
}

/** Messages of 4,000 characters, each searched for every canary; nothing is carried from one to the next. */
function peerReader(canaries: number, find: (message: string) => boolean): Reader {
  return ({ messages, bytes: all }) => {
    const part = messages.slice(0, Math.max(2, Math.floor(messages.length * Math.min(1, PEER_WORK / (all * canaries)))));
    const alarms = part.filter(find).length;
    return { bytes: part.reduce((sum, message) => sum + Buffer.byteLength(message), 0), alarms };
  };
}

/** The same pattern over each chunk and the 22 characters before it: finds what is split, tells nothing of what has begun. */
function tailReader(pattern: RegExp): Reader {
  return (corpus) => {
    let [alarms, bytes, tail] = [0, 0, ''];
    for (const chunk of chunks64(corpus)) {
      const text = tail + chunk.toString('latin1');
      if (pattern.test(text)) alarms += 1;
      tail = text.slice(-22);
      bytes += chunk.length;
    }
    return { bytes, alarms };
  };
}

function built(name: string, carries: boolean, build: () => Reader): Subject {
  const before = usedBytes();
  let read: Reader = () => ({ bytes: 0, alarms: 0 });
  const buildMs = cpuMs(() => {
    read = build();
  });
  return { name, carries, buildMs, megabytes: (usedBytes() - before) / 1e6, read };
}

function subjects(count: number): readonly Subject[] {
  const canaries = minted(count);
  const texts = canaries.map(({ text }) => text);
  let table = compileInspection([], []);
  const small = texts.map((text) => text.toLowerCase());
  return [
    built('tier 1, canaries and secrets, 64-byte chunks', true, () => {
      table = compileInspection(canaries, SECRET_RULES);
      return textReader(table, chunks64);
    }),
    built('tier 1, canaries alone, 64-byte chunks', true, () => textReader(compileInspection(canaries, []), chunks64)),
    built('tier 1, both, 6-byte chunks', true, () => textReader(table, chunks6)),
    built('tier 1, both, chat events of 64 bytes', true, () => eventReader(table)),
    built('`includes`, lower case', false, () =>
      peerReader(count, (message) => {
        const lower = message.toLowerCase();
        return small.some((text) => lower.includes(text));
      }),
    ),
    built('RegExp alternation, `i`', false, () => {
      const pattern = new RegExp(texts.join('|'), 'i');
      return peerReader(1, (message) => pattern.test(message));
    }),
    built('RegExp alternation, `i`, 64-byte chunks with 22 before', true, () => tailReader(new RegExp(texts.join('|'), 'i'))),
  ];
}

/** The best of some rounds: whatever else runs on the machine only makes them slower. */
function megabytesPerSecond({ name, read }: Subject, corpus: Corpus): number {
  let best = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    let bytes = 0;
    const ms = cpuMs(() => {
      const result = read(corpus);
      if (result.alarms > 0) throw new Error(`${name}: ${String(result.alarms)} false alarms`);
      ({ bytes } = result);
    });
    best = Math.max(best, bytes / 1e3 / ms);
  }
  return best;
}

/** Regular expressions of the same rules, each over all text: what the anchors save. */
function rulesOverAll(texts: readonly Corpus[]): readonly string[] {
  const patterns = SECRET_RULES.map(({ pattern }) => new RegExp(pattern.source, pattern.flags.replace('y', 'g')));
  return texts.map((corpus) => {
    const part = corpus.messages.slice(0, 100);
    const bytes = part.reduce((sum, message) => sum + Buffer.byteLength(message), 0);
    const ms = cpuMs(() => {
      for (const message of part) for (const pattern of patterns) message.search(pattern);
    });
    return figure(bytes / 1e3 / ms);
  });
}

/** Inspection of streams: speed in small pieces, memory, against searches of whole messages in the same run. */
export function inStreamSection(texts: readonly Corpus[]): string {
  const rows: string[][] = [];
  let [slowest, memory] = [Infinity, 0];
  for (const count of COUNTS) {
    for (const [i, one] of subjects(count).entries()) {
      const rates = texts.map((corpus) => megabytesPerSecond(one, corpus));
      if (count === 100_000 && i === 0) [slowest, memory] = [Math.min(...rates), one.megabytes];
      rows.push([one.name, count.toLocaleString('en'), ...rates.map(figure), one.carries ? 'yes' : 'no', figure(one.buildMs), figure(one.megabytes)]);
    }
  }
  rows.push([`${String(SECRET_RULES.length)} rules for secrets as regular expressions over all text`, '0', ...rulesOverAll(texts), 'no', '', '']);
  const head = ['what', 'canaries', ...texts.map(({ name }) => `${name}, MB per CPU-second`), 'split canaries', 'build, CPU ms', 'memory, MB'];
  const verdict = slowest >= GOAL_MB ? 'met' : slowest >= FLOOR_MB ? 'floor met' : 'missed';
  return [
    '### In the stream',
    '',
    markdownTable(head, rows),
    '',
    `- 100,000 canaries and secrets in 64-byte chunks: at least ${figure(slowest)} MB per CPU-second (floor ${String(FLOOR_MB)}, goal ${String(GOAL_MB)}: ${verdict})`,
    `- memory of their table: ${figure(memory)} MB (goal ${String(MEMORY_MB)}: ${memory <= MEMORY_MB ? 'met' : 'missed'})`,
    '',
  ].join('\n');
}
