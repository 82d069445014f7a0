import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { canaryEntry, type CanaryPlace, mintCanary } from '../../src/leaks/canary.ts';
import { compileCanaries, type WatchedCanary } from '../../src/leaks/canary-set.ts';
import { NEW_CONVERSATION, scanMessage, scanText } from '../../src/leaks/full-scan.ts';
import { TRANSFORMATIONS } from '../../src/leaks/transformations/transformations.ts';
import { figure, markdownTable } from '../gateway/report.ts';
import type { Corpus } from './corpora.ts';

const COUNTS = [10, 1_000, 100_000];
/** Parts are looked for of so many canaries; of more, whole ones only. */
const MAX_WITH_PARTS = 1_000;
/** Canaries times bytes that the baselines read at most: 100,000 `includes` over all bytes would take minutes. */
const BASELINE_WORK = 4e9;
const GOAL_MB = 0.5;

type Canary = Required<WatchedCanary>;
type Finder = (message: string) => boolean;

/** One way to find canaries. */
interface Subject {
  readonly name: string;
  readonly buildMs: number;
  readonly megabytes: number;
  readonly find: Finder;
  /** The whole text is searched, in whatever time. */
  readonly whole: boolean;
}

export function minted(count: number): readonly Canary[] {
  const secret = Buffer.alloc(32, 'bench');
  return Array.from({ length: count }, (_, i) => {
    const place: CanaryPlace = { kind: 'document', place: `document ${String(i)}`, epoch: 0 };
    const text = mintCanary(secret, place);
    return { ...canaryEntry(text, place), text };
  });
}

function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

export function usedBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

export function cpuMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Values are made in `build`, so that its memory is theirs. */
function subject(name: string, whole: boolean, build: () => Finder): Subject {
  const before = usedBytes();
  let find: Finder = () => false;
  const buildMs = cpuMs(() => {
    find = build();
  });
  return { name, buildMs, megabytes: (usedBytes() - before) / 1e6, find, whole };
}

const collapsed = (text: string): string => text.toLowerCase().replaceAll(/\s+/g, '');

function subjects(canaries: readonly Canary[], texts: readonly string[]): readonly Subject[] {
  const watched = canaries.length <= MAX_WITH_PARTS ? canaries : canaries.map(({ text: _, ...entry }) => entry);
  return [
    subject('tier 2', true, () => {
      const set = compileCanaries(watched);
      return (message) => scanText(set, message).findings.length > 0;
    }),
    ...(canaries.length > MAX_WITH_PARTS
      ? [
          subject('tier 2, with parts', true, () => {
            const set = compileCanaries(canaries);
            return (message) => scanText(set, message).findings.length > 0;
          }),
        ]
      : []),
    subject('tier 2, one conversation', true, () => {
      const set = compileCanaries(watched);
      let state = NEW_CONVERSATION;
      return (message) => {
        const scan = scanMessage(set, state, message);
        state = scan.state;
        return scan.findings.length > 0;
      };
    }),
    subject('`includes`', false, () => (message) => texts.some((text) => message.includes(text))),
    subject('`includes`, lower case, no white space', false, () => {
      const small = texts.map((text) => text.toLowerCase());
      return (message) => {
        const plain = collapsed(message);
        return small.some((text) => plain.includes(text));
      };
    }),
  ];
}

/** Transformations of the first ten canaries that are found in full. */
function inFull(find: Finder, canaries: readonly Canary[]): number {
  return TRANSFORMATIONS.filter(({ messages }) => canaries.slice(0, 10).every(({ text }) => messages(text).map(find).some(Boolean))).length;
}

function megabytesPerSecond({ find, whole }: Subject, { messages, bytes }: Corpus, canaries: number): number {
  const share = whole ? 1 : Math.min(1, BASELINE_WORK / (bytes * canaries));
  const part = messages.slice(0, Math.max(4, Math.floor(messages.length * share)));
  const read = part.reduce((sum, message) => sum + Buffer.byteLength(message), 0);
  for (const message of part.slice(0, 40)) find(message);
  let alarms = 0;
  const ms = cpuMs(() => {
    for (const message of part) if (find(message)) alarms += 1;
  });
  if (alarms > 0) throw new Error(`${String(alarms)} false alarms`);
  return read / 1e3 / ms;
}

/** Search after the reply: speed, memory and what is found, against `includes` of every canary in the same run. */
export function atRestSection(texts: readonly Corpus[]): string {
  const rows: string[][] = [];
  let slowest = Infinity;
  for (const count of COUNTS) {
    const canaries = minted(count);
    for (const one of subjects(
      canaries,
      canaries.map(({ text }) => text),
    )) {
      const rates = texts.map((corpus) => megabytesPerSecond(one, corpus, count));
      if (one.whole && count <= MAX_WITH_PARTS) slowest = Math.min(slowest, ...rates);
      const found = one.name === 'tier 2, one conversation' ? '' : `${String(inFull(one.find, canaries))} of ${String(TRANSFORMATIONS.length)}`;
      rows.push([one.name, count.toLocaleString('en'), ...rates.map(figure), found, figure(one.buildMs), figure(one.megabytes)]);
    }
  }
  const head = ['what', 'canaries', ...texts.map(({ name }) => `${name}, MB per CPU-second`), 'transformations found', 'build, CPU ms', 'memory, MB'];
  return [
    '### At rest',
    '',
    `${texts.map(({ name, bytes }) => `${name} ${(bytes / 1e6).toFixed(1)} MB`).join(', ')}; messages of 4,000 characters. Transformations: in full, each message alone (5 are split over messages).`,
    '',
    markdownTable(head, rows),
    '',
    `- slowest up to 1,000 canaries: ${figure(slowest)} MB per CPU-second (goal ${String(GOAL_MB)}: ${slowest >= GOAL_MB ? 'met' : 'missed'})`,
    '',
  ].join('\n');
}
