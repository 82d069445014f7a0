import { z } from 'zod';
import { CheckList, EvidenceError } from '../checks.ts';
import type { ReasonCode } from '../checks.ts';
import { defineKind } from '../evidence-kind.ts';
import type { Given } from '../evidence-kind.ts';
import { demandSubmodules, readEatDocument } from './eat-document.ts';
import type { EatDocument } from './eat-document.ts';
import { readSignedToken, readTokenKeys } from './signed-token.ts';
import type { Claims, TokenKeys } from './signed-token.ts';

interface EatPolicy {
  readonly iss?: string | undefined;
  readonly devices?: number | undefined;
  readonly hw_models?: readonly string[] | undefined;
}

/** One device's claims by its name, in the order of the answer. */
type DeviceClaims = readonly { readonly name: string; readonly claims: Claims }[];

/** Claim -> what it must be, and the code when it is not. */
const DEVICE_CLAIMS = {
  'device-measurements': { claim: 'measres', expected: 'success', code: 'measurement-not-allowed' },
  'device-secure-boot': { claim: 'secboot', expected: true, code: 'overall-result' },
  'device-debug': { claim: 'dbgstat', expected: 'disabled', code: 'debug-enabled' },
} as const;

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value).slice(0, 200);
}

function demandClaim(claims: Claims, claim: string, expected: unknown, code: ReasonCode, of = ''): void {
  const found = claims[claim];
  if (found !== expected) throw new EvidenceError(code, `${of}${claim}`, { expected: `${of}${shown(expected)}`, found: `${of}${shown(found)}` });
}

/** `nbf` and `exp` are seconds since the Unix epoch; both are demanded. EvidenceError `expired`. */
function demandValidAt({ nbf, exp }: Claims, clockMs: number, of = ''): void {
  if (typeof nbf === 'number' && typeof exp === 'number' && nbf * 1000 <= clockMs && clockMs <= exp * 1000) return;
  throw new EvidenceError('expired', 'not valid at the clock', { found: `${of}from ${shown(nbf)} to ${shown(exp)}` });
}

function demandNonce(claims: Claims, nonce: Buffer, of = ''): void {
  const found = claims['eat_nonce'];
  const expected = nonce.toString('hex');
  if (typeof found !== 'string' || found.toLowerCase() !== expected)
    throw new EvidenceError('nonce-mismatch', 'another nonce', { expected: `${of}${expected}`, found: `${of}${shown(found)}` });
}

/** The token about all devices: signature, time, issuer, nonce, and that it names exactly the tokens that came along. */
function checkOverall(list: CheckList, given: Given, document: EatDocument | undefined, keys: TokenKeys | undefined, { iss }: EatPolicy): Claims | undefined {
  const { clockMs, challenge } = given;
  const { nonce } = challenge;
  const claims = list.after('signature', { document, keys }, (it) => readSignedToken(it.document.overall, it.keys));
  list.after('validity', { claims }, (it) => demandValidAt(it.claims, clockMs));
  if (iss === undefined) list.notApplicable('issuer', 'the policy does not ask');
  else list.after('issuer', { claims }, (it) => demandClaim(it.claims, 'iss', iss, 'issuer'));
  if (nonce === undefined) list.notApplicable('nonce', 'no challenge was given');
  else list.after('nonce', { claims }, (it) => demandNonce(it.claims, nonce));
  list.after('submodules', { document, claims }, (it) => demandSubmodules(it.claims, it.document.devices));
  return claims;
}

/** The token about each device. */
function checkDevices(list: CheckList, given: Given, document: EatDocument | undefined, keys: TokenKeys | undefined): DeviceClaims | undefined {
  const devices = list.after('device-signatures', { document, keys }, (it) =>
    [...it.document.devices].map(([name, token]) => ({ name: `${name}: `, claims: readSignedToken(token, it.keys) })),
  );
  list.after('device-validity', { devices }, (it) => {
    for (const { name, claims } of it.devices) demandValidAt(claims, given.clockMs, name);
  });
  return devices;
}

/** What the service says of the devices, and what the policy asks of it. */
function checkResults(list: CheckList, overall: Claims | undefined, devices: DeviceClaims | undefined, nonce: Buffer | undefined, policy: EatPolicy): void {
  list.after('overall-result', { overall }, (it) => demandClaim(it.overall, 'x-nvidia-overall-att-result', true, 'overall-result'));
  list.after('device-issuer', { overall, devices }, (it) => {
    for (const { name, claims } of it.devices) demandClaim(claims, 'iss', it.overall['iss'], 'issuer', name);
  });
  if (nonce === undefined) list.notApplicable('device-nonce', 'no challenge was given');
  else
    list.after('device-nonce', { devices }, (it) => {
      for (const { name, claims } of it.devices) demandNonce(claims, nonce, name);
    });
  for (const [check, { claim, expected, code }] of Object.entries(DEVICE_CLAIMS)) {
    list.after(check, { devices }, (it) => {
      for (const { name, claims } of it.devices) demandClaim(claims, claim, expected, code, name);
    });
  }
  checkExpected(list, devices, policy);
}

function checkExpected(list: CheckList, devices: DeviceClaims | undefined, { devices: count, hw_models: models }: EatPolicy): void {
  if (count === undefined) list.notApplicable('device-count', 'the policy does not ask');
  else
    list.after('device-count', { devices }, (it) => {
      if (it.devices.length !== count)
        throw new EvidenceError('submod-mismatch', 'another number of devices', { expected: String(count), found: String(it.devices.length) });
    });
  if (models === undefined) list.notApplicable('device-model', 'the policy does not ask');
  else
    list.after('device-model', { devices }, (it) => {
      const other = it.devices.find(({ claims }) => typeof claims['hwmodel'] !== 'string' || !models.includes(claims['hwmodel']));
      if (other !== undefined)
        throw new EvidenceError('product-not-allowed', 'another model', {
          expected: models.join(', '),
          found: `${other.name}${shown(other.claims['hwmodel'])}`,
        });
    });
}

const CHECKS: Readonly<Record<string, readonly ReasonCode[]>> = {
  structure: ['malformed'],
  keys: ['malformed', 'collateral-expired'],
  signature: ['malformed', 'bad-signature'],
  validity: ['expired'],
  issuer: ['issuer'],
  nonce: ['nonce-mismatch'],
  submodules: ['submod-mismatch'],
  'device-signatures': ['malformed', 'bad-signature'],
  'device-validity': ['expired'],
  'overall-result': ['overall-result'],
  'device-issuer': ['issuer'],
  'device-nonce': ['nonce-mismatch'],
  ...Object.fromEntries(Object.entries(DEVICE_CLAIMS).map(([check, { code }]) => [check, [code]])),
  'device-count': ['submod-mismatch'],
  'device-model': ['product-not-allowed'],
};

/**
 * Verdicts of NVIDIA's remote attestation service, entity attestation tokens (docs/formats/attestation.md). Input `jwks`: the keys of the
 * service. Policy, besides `iss`: `devices`, their number; `hw_models`, the models allowed.
 */
export const nvidiaEatKind = defineKind({
  inputs: ['jwks'],
  challenge: 'nonce',
  roots: [],
  checks: CHECKS,
  shape: {
    iss: z.string().min(1).optional(),
    devices: z.int().min(1).max(64).optional(),
    hw_models: z.array(z.string().min(1)).optional(),
  },
  verify: (given, policy) => {
    const list = new CheckList();
    const document = list.try('structure', () => readEatDocument(given.evidence));
    const keys = list.try('keys', () => readTokenKeys(given.inputs['jwks']));
    const overall = checkOverall(list, given, document, keys, policy);
    const devices = checkDevices(list, given, document, keys);
    checkResults(list, overall, devices, given.challenge.nonce, policy);
    return list;
  },
});
