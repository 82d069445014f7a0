import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { tdxKind } from '../../../src/attestation/intel/quote-kinds.ts';
import { mintEventLog } from '../mint-tpm.ts';
import { reasonOf } from '../verdict.ts';
import { mintCollateral, mintIntelChains, mintQuote, quoteGiven } from './mint-quote.ts';

const chains = mintIntelChains();
const collateral = mintCollateral(chains);

/** Digests that were measured into a register, one after the other. */
function registerOf(...digests: readonly Buffer[]): Buffer {
  return digests.reduce((value, digest) => createHash('sha384').update(value).update(digest).digest(), Buffer.alloc(48));
}

/** `mintEventLog` fills this bank with nines. */
const BOOTED = Buffer.alloc(48, 9);
const STARTED = Buffer.alloc(48, 0x5a);
const ccel = Buffer.concat([
  mintEventLog(
    [
      { pcr: 0, data: Buffer.from('firmware') },
      { pcr: 1, data: Buffer.from('configuration') },
      { pcr: 2, type: 3, data: Buffer.from('says something only') },
      { pcr: 2, data: Buffer.from('kernel') },
      { pcr: 2, data: Buffer.from('its command line') },
    ],
    [[0x0c, 48]],
  ),
  Buffer.alloc(200, 0xff),
]);
const listOf = (...events: readonly { readonly imr: number; readonly digest: Buffer }[]): Buffer =>
  Buffer.from(JSON.stringify(events.map(({ imr, digest }) => ({ imr, digest: digest.toString('hex'), event: 'x' }))));
const started = listOf({ imr: 3, digest: STARTED });

const REGISTERS = [registerOf(BOOTED), registerOf(BOOTED, BOOTED), registerOf(), registerOf(STARTED)];

function verdict(logs: Readonly<Record<string, Buffer>>, registers: readonly Buffer[] = REGISTERS): string | null {
  const quote = mintQuote(chains, { changeSigned: (signed, at) => registers.forEach((register, index) => signed.set(register, at + 328 + 48 * index)) });
  return reasonOf(tdxKind, quoteGiven(chains, quote, collateral, { inputs: { collateral, ...logs } }));
}

describe('logs that lead to the registers', () => {
  test('of the firmware, of the workload, and both', () => {
    expect(verdict({ ccel })).toBeNull();
    expect(verdict({ event_log: started })).toBeNull();
    expect(verdict({ ccel, event_log: started })).toBeNull();
  });

  test('a list that goes on where the firmware ended', () => {
    const registers = [registerOf(BOOTED, STARTED), ...REGISTERS.slice(1)];
    expect(verdict({ ccel, event_log: listOf({ imr: 0, digest: STARTED }, { imr: 3, digest: STARTED }) }, registers)).toBeNull();
  });
});

describe('logs that do not', () => {
  test.each<[string, Readonly<Record<string, Buffer>>, string]>([
    ['an event too few', { event_log: listOf() }, 'event-log-mismatch'],
    ['an event too many', { event_log: listOf({ imr: 3, digest: STARTED }, { imr: 3, digest: STARTED }) }, 'event-log-mismatch'],
    ['another event', { event_log: listOf({ imr: 3, digest: BOOTED }) }, 'event-log-mismatch'],
    ['an event of another register', { event_log: listOf({ imr: 3, digest: STARTED }, { imr: 2, digest: STARTED }) }, 'event-log-mismatch'],
    ['a firmware log without this hash', { ccel: mintEventLog([{ pcr: 1, data: Buffer.from('a') }]) }, 'event-log-mismatch'],
    ['a register that there is not', { ccel: mintEventLog([{ pcr: 9, data: Buffer.from('a') }], [[0x0c, 48]]) }, 'event-log-mismatch'],
    ['a firmware log that is cut off', { ccel: ccel.subarray(0, -210) }, 'malformed'],
    ['a list that is none', { event_log: Buffer.from('{}') }, 'malformed'],
    ['a list with a digest of another length', { event_log: listOf({ imr: 3, digest: Buffer.alloc(32) }) }, 'malformed'],
    ['more than four megabytes', { event_log: Buffer.alloc(4_194_305, 0x20) }, 'malformed'],
  ])('%s', (_, logs, reason) => {
    expect(verdict(logs)).toBe(reason);
  });

  test('a register that nothing explains', () => {
    expect(verdict({ ccel }, [...REGISTERS.slice(0, 2), STARTED, registerOf(STARTED)])).toBe('event-log-mismatch');
  });
});
