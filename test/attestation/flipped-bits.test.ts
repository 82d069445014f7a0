import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Given } from '../../src/attestation/evidence-kind.ts';
import { EVIDENCE_KINDS, evidenceKind, verifyEvidence } from '../../src/attestation/verify-evidence.ts';
import { mintHclReport, mintRuntimeData } from './azure/mint-hcl.ts';
import { mintCollateral, mintIntelChains, mintQuote as mintIntelQuote, quoteGiven } from './intel/mint-quote.ts';
import { CLOCK_MS, mintRevocationList } from './mint-certificates.ts';
import { mintReport, mintSnpChain, snpGiven } from './mint-snp.ts';
import { imaLine, mintEventLog, mintQuote, nameOfArea, NONCE, publicAreaOf, extend, tpmGiven, valuesAfter } from './mint-tpm.ts';
import { mintDocument, nitroGiven } from './nitro/mint-nitro.ts';
import { deviceGiven, mintDeviceChain, mintReport as mintDeviceReport } from './nvidia/mint-device.ts';
import { eatGiven, mintAnswer } from './nvidia/mint-eat.ts';
import { mintRim, mintRimChain } from './nvidia/mint-rim.ts';

/** Genuine evidence of one kind, the policy that it meets, and the inputs in which nothing may be changed either. */
interface Genuine {
  readonly kind: string;
  readonly given: Given;
  readonly policy?: unknown;
  readonly signed?: readonly string[];
}

function snp(): Genuine {
  const chain = mintSnpChain('genoa');
  const given = snpGiven(mintReport('genoa', chain.vek.keys), chain);
  return { kind: 'snp', given: { ...given, inputs: { ...given.inputs, crl: mintRevocationList({ issuer: chain.root }) } }, signed: ['vek', 'crl'] };
}

function intel(kind: 'tdx' | 'sgx'): Genuine {
  const chains = mintIntelChains();
  const quote = mintIntelQuote(chains, kind === 'sgx' ? { version: 3, bodyBytes: 384 } : { version: 5, bodyBytes: 648 });
  return { kind, given: quoteGiven(chains, quote, mintCollateral(chains, { tee: kind })) };
}

function azure(): Genuine {
  const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const chain = mintSnpChain('milan');
  const msg = mintQuote({ selection: Array.from({ length: 24 }, (_, pcr) => pcr) });
  const base = snpGiven(mintHclReport(chain, mintRuntimeData(keys)), chain, { challenge: { nonce: NONCE } });
  const given = { ...base, inputs: { ...base.inputs, msg, sig: sign('sha256', msg, keys.privateKey), pcrs: Buffer.alloc(768) } };
  return { kind: 'az-snp-vtpm', given, signed: ['vek', 'msg', 'sig', 'pcrs'] };
}

function tpm(): Genuine {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const events = [{ pcr: 0, data: createHash('sha256').update('firmware').digest() }];
  const file = imaLine('/models/m', 'ab'.repeat(32));
  const values = valuesAfter(events).set(10, extend(Buffer.alloc(32), file.extension));
  const given = tpmGiven(keys, mintQuote({ values }), { eventlog: mintEventLog(events), ima: Buffer.from(file.line) });
  return { kind: 'tpm2', given, policy: { ak_names: [nameOfArea(publicAreaOf(keys))], required_pcrs: [0] }, signed: ['sig', 'pub'] };
}

function rim(): Genuine {
  const chain = mintRimChain();
  return {
    kind: 'nvidia-rim',
    given: { evidence: mintRim(chain), inputs: {}, roots: { 'nvidia-corim': chain.root.certificate }, challenge: {}, clockMs: CLOCK_MS },
  };
}

const device = mintDeviceChain();
const ALL: readonly Genuine[] = [
  snp(),
  intel('tdx'),
  intel('sgx'),
  { kind: 'nitro', given: nitroGiven(mintDocument()) },
  tpm(),
  azure(),
  { kind: 'nvidia-gpu', given: deviceGiven(device, mintDeviceReport(device)) },
  { kind: 'nvidia-eat', given: eatGiven(mintAnswer()) },
  rim(),
];

function flipped(bytes: Buffer, bit: number): Buffer {
  const other = Buffer.from(bytes);
  other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return other;
}

/** XML around a signature and PEM texts may be written in other ways that say the same: what is read from them is compared then. */
const MAY_SAY_THE_SAME: ReadonlySet<string> = new Set(['nvidia-rim', 'tdx', 'sgx']);

test('genuine evidence of every kind is at hand', () => {
  expect(ALL.map(({ kind }) => kind).sort()).toEqual(Object.keys(EVIDENCE_KINDS).sort());
});

function passes({ kind, policy = {} }: Genuine, changed: Given): boolean {
  return verifyEvidence(evidenceKind(kind), evidenceKind(kind).parsePolicy(policy), changed).reason === null;
}

test.each(ALL)('$kind: it is accepted as it is', (genuine) => {
  expect(passes(genuine, genuine.given)).toBe(true);
});

test.each(ALL.filter(({ kind }) => !MAY_SAY_THE_SAME.has(kind)))('$kind: any bit of the evidence that is flipped refuses it', (genuine) => {
  const { given } = genuine;
  fc.assert(
    fc.property(fc.nat(given.evidence.length * 8 - 1), (bit) => {
      expect([bit, passes(genuine, { ...given, evidence: flipped(given.evidence, bit) })]).toEqual([bit, false]);
    }),
    { numRuns: 250 },
  );
});

test.each(ALL.filter(({ signed }) => signed !== undefined))('$kind: any bit of what is signed beside it that is flipped refuses it', (genuine) => {
  const { given, signed = [] } = genuine;
  fc.assert(
    fc.property(fc.constantFrom(...signed), fc.nat(), (input, at) => {
      const bytes = given.inputs[input] ?? Buffer.alloc(1);
      const bit = at % (bytes.length * 8);
      expect([input, bit, passes(genuine, { ...given, inputs: { ...given.inputs, [input]: flipped(bytes, bit) } })]).toEqual([input, bit, false]);
    }),
    { numRuns: 250 },
  );
});

test.each(ALL.filter(({ kind }) => evidenceKind(kind).challenge !== null))('$kind: any bit of the challenge that is flipped refuses it', (genuine) => {
  const { given, kind } = genuine;
  const name = evidenceKind(kind).challenge ?? 'nonce';
  const asked = given.challenge[name] ?? Buffer.alloc(0);
  expect(asked.length).toBeGreaterThan(0);
  for (let bit = 0; bit < asked.length * 8; bit += 7) expect(passes(genuine, { ...given, challenge: { [name]: flipped(asked, bit) } })).toBe(false);
});
