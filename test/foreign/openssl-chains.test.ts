import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { chainTo, demandValidAt } from '../../src/attestation/x509/chain.ts';
import { EvidenceError } from '../../src/attestation/checks.ts';
import { CLOCK_MS, mintCertificate } from '../attestation/mint-certificates.ts';
import type { Minted } from '../attestation/mint-certificates.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'elulmc-openssl-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, ...certificates: readonly Minted[]): string {
  const path = join(folder, name);
  writeFileSync(path, certificates.map(({ certificate }) => certificate.toString()).join(''));
  return path;
}

/** Whether openssl leads the first certificate to the root at the clock. */
function theirs([leaf, ...between]: readonly [Minted, ...Minted[]], root: Minted): boolean {
  const untrusted = between.length === 0 ? [] : ['-untrusted', file('between.pem', ...between)];
  const args = ['verify', '-attime', String(CLOCK_MS / 1000), '-CAfile', file('root.pem', root), ...untrusted, file('leaf.pem', leaf)];
  return spawnSync('openssl', args).status === 0;
}

function ours(chain: readonly Minted[], root: Minted): boolean {
  try {
    demandValidAt(
      chainTo(
        chain.map(({ certificate }) => certificate),
        root.certificate,
      ),
      CLOCK_MS,
    );
    return true;
  } catch (error) {
    if (error instanceof EvidenceError) return false;
    throw error;
  }
}

describe.skipIf(!hasOpenssl)('openssl says the same of chains (skipped without openssl)', () => {
  const root = mintCertificate({ name: 'ROOT' });
  const between = mintCertificate({ name: 'BETWEEN', issuer: root, serial: 2n });
  const leaf = mintCertificate({ name: 'LEAF', issuer: between, serial: 3n, isCa: false });
  const stranger = mintCertificate({ name: 'ROOT' });
  const noCa = mintCertificate({ name: 'BETWEEN', issuer: root, serial: 2n, isCa: false, keys: between.keys });
  const over = mintCertificate({ name: 'LEAF', issuer: between, serial: 4n, isCa: false, toMs: CLOCK_MS - 1000 });
  const early = mintCertificate({ name: 'LEAF', issuer: between, serial: 5n, isCa: false, fromMs: CLOCK_MS + 1000 });
  const overBetween = mintCertificate({ name: 'BETWEEN', issuer: root, serial: 6n, keys: between.keys, toMs: CLOCK_MS - 1000 });

  test.each<[string, readonly [Minted, ...Minted[]], Minted, boolean]>([
    ['a chain that holds', [leaf, between], root, true],
    ['another root of the same name', [leaf, between], stranger, false],
    ['without the one between', [leaf], root, false],
    ['the one between is no authority', [leaf, noCa], root, false],
    ['the leaf is over', [over, between], root, false],
    ['the leaf is not yet valid', [early, between], root, false],
    ['the one between is over', [leaf, overBetween], root, false],
  ])('%s', (_, chain, trusted, holds) => {
    expect([ours(chain, trusted), theirs(chain, trusted)]).toEqual([holds, holds]);
  });
});
