import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CheckReport } from '../../../src/artifacts/signing/check-report.ts';
import { readStatement } from '../../../src/artifacts/signing/statement.ts';
import { verifySignature } from '../../../src/artifacts/signing/verify-signature.ts';
import { bundleOf, FILES, KEY, newModel, statementFor, trusting, verified } from './signed-models.ts';

const right = bundleOf(statementFor(FILES));

test('a bundle with some bytes replaced is refused or reads as before, and never throws', () => {
  const places = fc.array(fc.tuple(fc.nat(right.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(places, (changes) => {
      const bundle = Buffer.from(right);
      for (const [at, byte] of changes) bundle[at] = byte;
      const report = new CheckReport();
      const signed = verifySignature({ bundle, trust: trusting() }, report);
      expect(signed === null).toBe(report.verdict === 'fail');
      if (signed !== null) expect(signed.statement.manifest.resources).toHaveLength(Object.keys(FILES).length);
    }),
    { numRuns: 500 },
  );
});

/** The bundle with one bit of one of its parts turned around. */
function flipped(part: 'payload' | 'sig' | 'hint', bit: number): Buffer | undefined {
  const bundle = JSON.parse(right.toString()) as {
    verificationMaterial: { publicKey: { hint: string } };
    dsseEnvelope: { payload: string; signatures: [{ sig: string }] };
  };
  const { dsseEnvelope, verificationMaterial } = bundle;
  const text = { payload: dsseEnvelope.payload, sig: dsseEnvelope.signatures[0].sig, hint: verificationMaterial.publicKey.hint }[part];
  const encoding = part === 'hint' ? 'hex' : 'base64';
  const bytes = Buffer.from(text, encoding);
  if (bit >= bytes.length * 8) return undefined;
  bytes.writeUInt8(bytes.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  const changed = bytes.toString(encoding);
  if (part === 'payload') dsseEnvelope.payload = changed;
  else if (part === 'sig') dsseEnvelope.signatures[0].sig = changed;
  else verificationMaterial.publicKey.hint = changed;
  return Buffer.from(JSON.stringify(bundle));
}

// Of the payload every fifth bit, which takes each place within a byte; verify-model.test.ts tries others at random.
test.each([
  ['payload', 5],
  ['sig', 1],
  ['hint', 1],
] as const)('flipping a single bit of the %s never verifies', (part, step) => {
  let bit = 0;
  for (let bundle = flipped(part, bit); bundle !== undefined; bit += step, bundle = flipped(part, bit)) {
    const signed = verifySignature({ bundle, trust: trusting() }, new CheckReport());
    if (signed !== null) expect(`bit ${String(bit)} of the ${part}`).toBe('refused');
  }
  expect(bit).toBeGreaterThan(250);
});

test('a cut bundle is refused', () => {
  fc.assert(
    fc.property(fc.nat(right.length - 1), (length) => {
      expect(verifySignature({ bundle: right.subarray(0, length), trust: trusting() }, new CheckReport())).toBeNull();
    }),
  );
});

test('a statement of anything at all is refused by a check, and never throws', () => {
  const members = ['_type', 'subject', 'predicateType', 'predicate'];
  fc.assert(
    fc.property(fc.constantFrom(...members), fc.jsonValue(), (member, value) => {
      const statement = { ...statementFor(FILES), [member]: value };
      const report = new CheckReport();
      expect(readStatement(Buffer.from(JSON.stringify(statement)), report)).toBeNull();
      expect(report.verdict).toBe('fail');
    }),
    { numRuns: 500 },
  );
  fc.assert(
    fc.property(fc.constantFrom('method', 'hash_type', 'shard_size', 'allow_symlinks', 'ignore_paths'), fc.jsonValue(), (member, value) => {
      const report = new CheckReport();
      const read = readStatement(Buffer.from(JSON.stringify(statementFor(FILES, { serialization: { [member]: value } }))), report);
      expect(read === null).toBe(report.verdict === 'fail');
    }),
    { numRuns: 500 },
  );
});

test('many resources are read in one go', async () => {
  const digest = '0'.repeat(64);
  const resources = Array.from({ length: 50_000 }, (_, i) => ({ name: `part-${String(i)}`, algorithm: 'sha256', digest }));
  const result = await verified(newModel({}), bundleOf(statementFor({}, { resources }), { key: KEY }));
  expect(result).toMatchObject({ verdict: 'fail', extra: [], changed: [] });
  expect(result.missing).toHaveLength(50_000);
  // What is printed of it stays short.
  expect(result.checks.find(({ name }) => name === 'files')?.found?.length).toBeLessThan(1000);
});
