import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Given } from '../../src/attestation/evidence-kind.ts';
import { EVIDENCE_KINDS, verifyEvidence } from '../../src/attestation/verify-evidence.ts';
import { CLOCK_MS, mintRevocationList } from './mint-certificates.ts';
import { mintCollateral, mintIntelChains, mintQuote as mintIntelQuote, quoteGiven } from './intel/mint-quote.ts';
import { mintReport, mintSnpChain, snpGiven } from './mint-snp.ts';
import { imaLine, mintEventLog, mintQuote, tpmGiven } from './mint-tpm.ts';
import { mintDocument, nitroGiven } from './nitro/mint-nitro.ts';
import { deviceGiven, mintDeviceChain, mintReport as mintDeviceReport } from './nvidia/mint-device.ts';
import { eatGiven, mintAnswer } from './nvidia/mint-eat.ts';
import { mintRim, mintRimChain } from './nvidia/mint-rim.ts';
import { generateKeyPairSync } from 'node:crypto';

test.each(Object.entries(EVIDENCE_KINDS))('%s: any bytes as evidence and as inputs are refused, never an exception', (_, kind) => {
  const bytes = fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array));
  const policy = kind.parsePolicy({});
  fc.assert(
    fc.property(bytes, fc.dictionary(fc.constantFrom(...kind.inputs, ...(kind.inputs.length === 0 ? ['none'] : [])), bytes), (evidence, named) => {
      const inputs = Object.fromEntries(Object.entries(named).filter(([name]) => kind.inputs.includes(name)));
      expect(verifyEvidence(kind, policy, { evidence, inputs, roots: {}, challenge: {}, clockMs: CLOCK_MS }).reason).not.toBeNull();
    }),
    { numRuns: 100 },
  );
});

const chain = mintSnpChain('genoa');
const crl = mintRevocationList({ issuer: chain.root });
const snp = snpGiven(mintReport('genoa', chain.vek.keys), chain);
const tpm = tpmGiven(generateKeyPairSync('ec', { namedCurve: 'P-256' }), mintQuote(), {
  eventlog: mintEventLog([{ pcr: 0, data: Buffer.from('firmware') }]),
  ima: Buffer.from(imaLine('/models/m', '00'.repeat(32)).line),
});

const intel = mintIntelChains();
const td = quoteGiven(intel, mintIntelQuote(intel), mintCollateral(intel));
const enclave = quoteGiven(intel, mintIntelQuote(intel, { version: 3, bodyBytes: 384 }), mintCollateral(intel, { tee: 'sgx' }));
const device = mintDeviceChain();
const rims = mintRimChain();
const rim = mintRim(rims);
const gpu = deviceGiven(device, mintDeviceReport(device));
const rimRoot = { 'nvidia-corim': rims.root.certificate };

const GENUINE: readonly (readonly [string, Given])[] = [
  ['tdx', { ...td, inputs: { ...td.inputs, ccel: mintEventLog([{ pcr: 1, data: Buffer.from('a') }], [[0x0c, 48]]), event_log: Buffer.from('[]') } }],
  ['sgx', enclave],
  ['nitro', nitroGiven(mintDocument())],
  ['nvidia-gpu', { ...gpu, inputs: { ...gpu.inputs, driver_rim: rim }, roots: { ...gpu.roots, ...rimRoot } }],
  ['nvidia-rim', { evidence: rim, inputs: {}, roots: rimRoot, challenge: {}, clockMs: CLOCK_MS }],
  ['nvidia-eat', eatGiven(mintAnswer())],
  ['snp', { ...snp, inputs: { ...snp.inputs, crl } }],
  ['tpm2', tpm],
];

test.each(GENUINE)('%s: genuine evidence with any part changed, cut off or made longer gives an answer', (name, given) => {
  const kind = EVIDENCE_KINDS[name];
  if (kind === undefined) throw new Error(`no kind ${name}`);
  const policy = kind.parsePolicy({});
  const parts = ['evidence', ...Object.keys(given.inputs)];
  const change = fc.record({ part: fc.constantFrom(...parts), at: fc.nat(4000), byte: fc.nat(255), cut: fc.boolean(), tail: fc.uint8Array({ maxLength: 8 }) });
  fc.assert(
    fc.property(change, ({ part, at, byte, cut, tail }) => {
      const old = part === 'evidence' ? given.evidence : (given.inputs[part] ?? Buffer.alloc(0));
      const bytes = Buffer.concat([cut ? old.subarray(0, at) : old, tail]);
      if (bytes.length > 0) bytes[at % bytes.length] = byte;
      const changed = part === 'evidence' ? { ...given, evidence: bytes } : { ...given, inputs: { ...given.inputs, [part]: bytes } };
      expect(verifyEvidence(kind, policy, changed).list.checks.length).toBeGreaterThan(0);
    }),
    { numRuns: 400 },
  );
});
