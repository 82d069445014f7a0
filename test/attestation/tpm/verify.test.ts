import { createHash, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Given } from '../../../src/attestation/evidence-kind.ts';
import { tpmKind } from '../../../src/attestation/tpm/verify.ts';
import { verifyEvidence } from '../../../src/attestation/verify-evidence.ts';
import {
  extend,
  imaLine,
  imaLineWith,
  mintEventLog,
  mintQuote,
  nameOfArea,
  NONCE,
  publicAreaOf,
  RESTRICTED,
  signQuote,
  tpmGiven,
  valuesAfter,
} from '../mint-tpm.ts';
import type { MintedEvent } from '../mint-tpm.ts';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const MODEL = 'ab'.repeat(32);
const EVENTS: readonly MintedEvent[] = [
  { pcr: 0, data: Buffer.from('firmware') },
  { pcr: 7, data: Buffer.from('secure boot') },
  { pcr: 14, data: Buffer.from('model') },
];
const IMA = [imaLine('boot_aggregate', '01'.repeat(32)), imaLine('/models/my model.bin', MODEL), imaLine('/usr/bin/late', '02'.repeat(32))];
const LIST = Buffer.from(IMA.map(({ line }) => line).join(''));

function valuesWithFiles(files: number): Map<number, Buffer> {
  const values = valuesAfter(EVENTS);
  for (const { extension } of IMA.slice(0, files)) values.set(10, extend(values.get(10) ?? Buffer.alloc(32), extension));
  return values;
}

function genuine(keys = ec, files = 3): Given {
  return tpmGiven(keys, mintQuote({ values: valuesWithFiles(files) }), { eventlog: mintEventLog(EVENTS), ima: LIST });
}

function policyFor(keys = ec, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return { ak_names: [nameOfArea(publicAreaOf(keys))], required_pcrs: [0, 7, 10, 14], ...more };
}

function reasonFor(given: Given, policy: unknown = policyFor()): string | null {
  return verifyEvidence(tpmKind, tpmKind.parsePolicy(policy), given).reason;
}

function withInputs(given: Given, inputs: Readonly<Record<string, Buffer>>): Given {
  return { ...given, inputs: { ...given.inputs, ...inputs } };
}

describe('the key', () => {
  test('a genuine quote of either kind of key is accepted', () => {
    expect(reasonFor(genuine())).toBeNull();
    expect(reasonFor(genuine(rsa), policyFor(rsa))).toBeNull();
  });

  test('one that is not enrolled; without enrolled keys none is', () => {
    expect(reasonFor(genuine(), policyFor(rsa))).toBe('ak-unknown');
    expect(reasonFor(genuine(), { required_pcrs: [] })).toBe('ak-unknown');
  });

  test.each([0x2, 0x10, 0x20, 0x10000, 0x40000])('without the attribute %d it can have signed anything', (attribute) => {
    const pub = publicAreaOf(ec, RESTRICTED & ~attribute);
    expect(reasonFor(withInputs(genuine(), { pub }), policyFor(ec, { ak_names: [nameOfArea(pub)] }))).toBe('ak-not-restricted');
  });

  test('one that also decrypts', () => {
    const pub = publicAreaOf(ec, RESTRICTED | 0x20000);
    expect(reasonFor(withInputs(genuine(), { pub }), policyFor(ec, { ak_names: [nameOfArea(pub)] }))).toBe('ak-not-restricted');
  });

  test('a length before the public area is dropped, other bytes are refused', () => {
    const pub = publicAreaOf(ec);
    const prefixed = Buffer.concat([Buffer.from([0, pub.length]), pub]);
    expect(reasonFor(withInputs(genuine(), { pub: prefixed }))).toBeNull();
    for (const bytes of [Buffer.alloc(0), pub.subarray(1), pub.subarray(0, -1), Buffer.concat([pub, Buffer.alloc(1)])])
      expect(reasonFor(withInputs(genuine(), { pub: bytes }))).toBe('malformed');
  });

  test('a PEM text beside it must be the same key', () => {
    const pem = (key: typeof ec): Buffer => Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' }));
    expect(reasonFor(withInputs(genuine(), { pem: pem(ec) }))).toBeNull();
    expect(reasonFor(withInputs(genuine(), { pem: pem(generateKeyPairSync('ec', { namedCurve: 'P-256' })) }))).toBe('ak-unknown');
    expect(reasonFor(withInputs(genuine(), { pem: Buffer.from('none') }))).toBe('malformed');
  });
});

describe('the quote and its signature', () => {
  test('no bit of the quote can be changed', () => {
    const given = genuine();
    fc.assert(
      fc.property(fc.nat({ max: given.evidence.length * 8 - 1 }), (bit) => {
        const evidence = Buffer.from(given.evidence);
        evidence[bit >> 3] = (evidence[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(reasonFor({ ...given, evidence })).not.toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('something else that the key of a TPM signs is no quote', () => {
    const quote = mintQuote({ type: 0x8017, values: valuesWithFiles(3) });
    expect(reasonFor(tpmGiven(ec, quote))).toBe('wrong-type');
  });

  test('cut off, and with bytes behind', () => {
    const quote = mintQuote();
    for (const bytes of [Buffer.alloc(0), quote.subarray(0, -1), quote.subarray(0, 6), Buffer.concat([quote, Buffer.alloc(1)])])
      expect(reasonFor(tpmGiven(ec, bytes))).toBe('malformed');
  });

  test('a signature that is none, has bytes behind, or another hash', () => {
    const sig = signQuote(genuine().evidence, ec);
    const sha1 = Buffer.from(sig);
    sha1[3] = 4;
    for (const bytes of [Buffer.alloc(0), sig.subarray(0, -1), Buffer.concat([sig, Buffer.alloc(1)]), sha1])
      expect(reasonFor(withInputs(genuine(), { sig: bytes }))).toBe('malformed');
  });

  test('by another key, or by another scheme than the key has', () => {
    const given = genuine(rsa);
    expect(reasonFor(withInputs(genuine(), { sig: signQuote(genuine().evidence, generateKeyPairSync('ec', { namedCurve: 'P-256' })) }))).toBe('bad-signature');
    expect(reasonFor(withInputs(given, { sig: signQuote(given.evidence, ec) }), policyFor(rsa))).toBe('bad-signature');
    const pss = signQuote(given.evidence, rsa, 0x16);
    expect(reasonFor(withInputs(given, { sig: pss }), policyFor(rsa))).toBe('bad-signature');
    const pub = publicAreaOf(rsa, RESTRICTED, 0x16);
    expect(reasonFor(withInputs(given, { sig: pss, pub }), policyFor(rsa, { ak_names: [nameOfArea(pub)] }))).toBeNull();
  });

  test('a number with its leading zeros left out', () => {
    const given = genuine();
    const isShort = (sig: Buffer): boolean => sig[6] === 0 && (sig[7] ?? 0) < 0x80;
    let sig = signQuote(given.evidence, ec);
    for (let i = 0; i < 5000 && !isShort(sig); i += 1) sig = signQuote(given.evidence, ec);
    const short = Buffer.concat([sig.subarray(0, 4), Buffer.from([0, 31]), sig.subarray(7)]);
    expect(reasonFor(withInputs(given, { sig: short }))).toBeNull();
  });
});

describe('freshness and selection', () => {
  test('another nonce', () => {
    expect(reasonFor({ ...genuine(), challenge: { nonce: Buffer.alloc(32) } })).toBe('nonce-mismatch');
    expect(reasonFor({ ...genuine(), challenge: { nonce: NONCE.subarray(1) } })).toBe('nonce-mismatch');
  });

  test('a PCR that is not quoted', () => {
    expect(reasonFor(genuine(), policyFor(ec, { required_pcrs: [0, 4] }))).toBe('pcr-not-quoted');
    const quote = mintQuote({ selection: [0, 7, 14], values: valuesAfter(EVENTS) });
    const given = tpmGiven(ec, quote, { eventlog: mintEventLog(EVENTS), ima: LIST });
    expect(reasonFor(given, policyFor(ec, { required_pcrs: [0], files: { '/models/my model.bin': MODEL } }))).toBe('pcr-not-quoted');
    expect(reasonFor(given, policyFor(ec, { required_pcrs: [0] }))).toBeNull();
  });
});

describe('the logs', () => {
  test('one that leaves out, adds or changes an event', () => {
    for (const events of [
      EVENTS.slice(1),
      [...EVENTS, { pcr: 0, data: Buffer.from('more') }],
      [...EVENTS].reverse().map((event, i) => (i === 0 ? { ...event, pcr: 7 } : event)),
    ])
      expect(reasonFor(withInputs(genuine(), { eventlog: mintEventLog(events) }))).toBe('event-log-mismatch');
  });

  test('one that is none', () => {
    const log = mintEventLog(EVENTS);
    for (const eventlog of [Buffer.alloc(0), log.subarray(0, -1), Buffer.concat([log, Buffer.alloc(3)]), Buffer.alloc(64, 0xff)])
      expect(reasonFor(withInputs(genuine(), { eventlog }))).toBe('malformed');
  });

  test('several banks: only the quoted one is extended, and it must be there', () => {
    const banks = [
      [4, 20],
      [0x0b, 32],
      [0x0c, 48],
    ] as const;
    expect(reasonFor(withInputs(genuine(), { eventlog: mintEventLog(EVENTS, banks) }))).toBeNull();
    expect(reasonFor(withInputs(genuine(), { eventlog: mintEventLog(EVENTS, [[4, 20]]) }))).toBe('event-log-mismatch');
  });

  test('events that say something about the log extend nothing, except where the TPM was started from', () => {
    const note = { pcr: 0, type: 3, data: Buffer.from('a note') };
    expect(reasonFor(withInputs(genuine(), { eventlog: mintEventLog([note, ...EVENTS]) }))).toBeNull();
    const locality = { pcr: 0, type: 3, data: Buffer.from('StartupLocality\0\x03', 'latin1') };
    expect(reasonFor(withInputs(genuine(), { eventlog: mintEventLog([locality, ...EVENTS]) }))).toBe('event-log-mismatch');
    const values = valuesWithFiles(3);
    const start = Buffer.alloc(32);
    start[31] = 3;
    values.set(0, extend(start, createHash('sha256').update('firmware').digest()));
    const given = tpmGiven(ec, mintQuote({ values }), { eventlog: mintEventLog([locality, ...EVENTS]), ima: LIST });
    expect(reasonFor(given)).toBeNull();
  });

  test('none at all proves no state, unless the policy pins the digest', () => {
    const quote = mintQuote({ values: valuesWithFiles(3) });
    const digest = quote.subarray(-32).toString('hex');
    expect(reasonFor(tpmGiven(ec, quote))).toBe('event-log-mismatch');
    expect(reasonFor(tpmGiven(ec, quote), policyFor(ec, { pcr_digest: digest }))).toBeNull();
    expect(reasonFor(tpmGiven(ec, quote), policyFor(ec, { pcr_digest: '00'.repeat(32) }))).toBe('measurement-not-allowed');
  });

  test('the list of files may go on after the quote; what follows is not proved', () => {
    const wants = (path: string, sha256: string) => policyFor(ec, { files: { [path]: sha256 } });
    expect(reasonFor(genuine(ec, 2), wants('/models/my model.bin', MODEL))).toBeNull();
    expect(reasonFor(genuine(ec, 2), wants('/usr/bin/late', '02'.repeat(32)))).toBe('measurement-not-allowed');
    expect(reasonFor(genuine(ec, 3), wants('/usr/bin/late', '02'.repeat(32)))).toBeNull();
    expect(reasonFor(genuine(ec, 3), wants('/models/my model.bin', '00'.repeat(32)))).toBe('measurement-not-allowed');
    expect(reasonFor(genuine(ec, 3), wants('/models/other', MODEL))).toBe('measurement-not-allowed');
  });

  test('a file that was another one in between does not pass', () => {
    const lines = [imaLine('/m', MODEL), imaLine('/m', '03'.repeat(32)), imaLine('/m', MODEL)];
    const values = valuesAfter(EVENTS);
    for (const { extension } of lines) values.set(10, extend(values.get(10) ?? Buffer.alloc(32), extension));
    const given = tpmGiven(ec, mintQuote({ values }), { eventlog: mintEventLog(EVENTS), ima: Buffer.from(lines.map(({ line }) => line).join('')) });
    expect(reasonFor(given, policyFor(ec, { files: { '/m': MODEL } }))).toBe('measurement-not-allowed');
  });

  test('lines that are none, and lines that do not hash to what they say', () => {
    const [first = '', ...rest] = IMA.map(({ line }) => line);
    for (const line of ['', '10 ', first.replace('10', '11'), first.replace('ima-ng', 'ima'), first.replace('sha256', 'md4'), first.replace('01', '0')])
      expect([line, reasonFor(withInputs(genuine(), { ima: Buffer.from([`${line.trim()}\n`, ...rest].join('')) }))]).toEqual([line, 'malformed']);
    expect(reasonFor(withInputs(genuine(), { ima: Buffer.from([first.replace('sha256:01', 'sha256:02'), ...rest].join('')) }))).toBe('event-log-mismatch');
    expect(reasonFor(withInputs(genuine(), { ima: Buffer.from([...rest, first].join('')) }))).toBe('event-log-mismatch');
  });

  test('lists with signatures, or with what was measured', () => {
    const lines = [
      imaLineWith('ima-sig', '/usr/bin/true', '04'.repeat(32), Buffer.from('030204', 'hex')),
      imaLineWith('ima-sig', '/models/my model ab', MODEL, Buffer.alloc(0)),
      imaLineWith('ima-buf', 'kexec-cmdline', '05'.repeat(32), Buffer.from('quiet')),
    ];
    const values = valuesAfter(EVENTS);
    for (const { extension } of lines) values.set(10, extend(values.get(10) ?? Buffer.alloc(32), extension));
    const text = lines.map(({ line }) => line).join('');
    const given = (ima: string): Given => tpmGiven(ec, mintQuote({ values }), { eventlog: mintEventLog(EVENTS), ima: Buffer.from(ima) });
    expect(reasonFor(given(text), policyFor(ec, { files: { '/models/my model ab': MODEL } }))).toBeNull();
    expect(reasonFor(given(text.replace('030204', '030205')))).toBe('event-log-mismatch');
    expect(reasonFor(given(text.replace('ima-sig', 'ima-ng')))).toBe('event-log-mismatch');
  });

  test('a file that was changed while in use extends with ones and never passes as a file', () => {
    const zero = '0'.repeat(64);
    const values = valuesAfter(EVENTS);
    values.set(10, extend(Buffer.alloc(32), Buffer.alloc(32, 0xff)));
    const given = tpmGiven(ec, mintQuote({ values }), { eventlog: mintEventLog(EVENTS), ima: Buffer.from(`10 ${zero} ima-ng sha256:${zero} /m\n`) });
    expect(reasonFor(given)).toBeNull();
    expect(reasonFor(given, policyFor(ec, { files: { '/m': zero } }))).toBe('measurement-not-allowed');
  });
});
