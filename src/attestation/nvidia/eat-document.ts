import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../checks.ts';
import type { Claims } from './signed-token.ts';

/** What NVIDIA's attestation service answers: one token about all, and one about each device. Nothing of it is believed yet. */
export interface EatDocument {
  readonly overall: string;
  /** `GPU-0` -> token. */
  readonly devices: ReadonlyMap<string, string>;
}

const MAX_BYTES = 4_194_304;
const MAX_DEVICES = 64;

const answer = z.tuple([z.tuple([z.literal('JWT'), z.string()]), z.record(z.string(), z.string())]);
const submodules = z.record(z.string(), z.tuple([z.literal('DIGEST'), z.tuple([z.literal('SHA-256'), z.string().regex(/^[0-9a-fA-F]{64}$/)])]));

/** EvidenceError `malformed`. */
export function readEatDocument(bytes: Buffer): EatDocument {
  if (bytes.length > MAX_BYTES) throw new EvidenceError('malformed', 'an answer that is too long');
  let json: unknown;
  try {
    json = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new EvidenceError('malformed', 'no JSON');
  }
  const parsed = answer.safeParse(json);
  if (!parsed.success) throw new EvidenceError('malformed', 'no answer of the attestation service');
  const [[, overall], devices] = parsed.data;
  const entries = Object.entries(devices);
  // A name that no object can have would be left out, and its token be seen by nobody.
  if (entries.length !== Object.keys((json as readonly object[])[1] ?? {}).length) throw new EvidenceError('malformed', 'a device without a name');
  if (entries.length > MAX_DEVICES) throw new EvidenceError('malformed', `more than ${String(MAX_DEVICES)} devices`);
  return { overall, devices: new Map(entries) };
}

/** Exactly the devices that the overall token names, each with the token it names. EvidenceError `submod-mismatch`. */
export function demandSubmodules(claims: Claims, devices: ReadonlyMap<string, string>): void {
  const parsed = submodules.safeParse(claims['submods']);
  if (!parsed.success) throw new EvidenceError('submod-mismatch', 'the overall token does not name its devices');
  const named = new Map(Object.entries(parsed.data));
  const strange = [...devices.keys()].filter((name) => !named.has(name));
  if (strange.length > 0) throw new EvidenceError('submod-mismatch', `the overall token does not name ${strange.join(', ')}`);
  if (named.size === 0) throw new EvidenceError('submod-mismatch', 'no device');
  for (const [name, [, [, digest]]] of named) {
    const token = devices.get(name);
    const found = token === undefined ? 'no token' : createHash('sha256').update(token).digest('hex');
    if (found !== digest.toLowerCase())
      throw new EvidenceError('submod-mismatch', name, { expected: `${name} ${digest.toLowerCase()}`, found: `${name} ${found}` });
  }
}
