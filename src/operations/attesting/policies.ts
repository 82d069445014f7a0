import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseAttestationPolicy } from '../../attestation/policy.ts';
import type { AttestationPolicy } from '../../attestation/policy.ts';
import { PolicyError } from '../../attestation/factors.ts';
import { ElulmcError } from '../../core/errors.ts';
import { readNamedFile } from './fields.ts';
import type { OperationContext } from '../context.ts';
import { pathHere } from '../host-paths.ts';

/** Policies have names without any dot or slash in front, so that a name is seldom mistaken for a file. */
export const POLICY_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/u;

/** The policy that evidence is judged by. */
export interface ChosenPolicy {
  /** Name, or file as given. */
  readonly name: string;
  /** Version of an approved one. */
  readonly version: number | null;
  readonly sha256: string;
  /** Null: nobody can say in a process of the caller's own. */
  readonly approved: boolean | null;
  readonly policy: AttestationPolicy;
}

export function sha256Of(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** FIELD_INVALID says what is wrong with it; `shown` is what the caller named. */
export function parsePolicyText(text: string, field: string, shown?: string): AttestationPolicy {
  try {
    return parseAttestationPolicy(text);
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    throw new ElulmcError('FIELD_INVALID', `${field}: ${shown === undefined ? '' : `${shown}: `}${error.message}`, { cause: error, field });
  }
}

function fromFile(bytes: Buffer, given: string, field: string): Pick<ChosenPolicy, 'sha256' | 'policy'> {
  return { sha256: sha256Of(bytes), policy: parsePolicyText(bytes.toString('utf8'), field, given) };
}

type ReadPolicy = (path: string) => Buffer;

/** In the control plane only what was approved counts: by its name, or a file that is exactly an approved text. */
async function chooseInControl(context: OperationContext, given: string, field: string, read: ReadPolicy): Promise<ChosenPolicy> {
  const { attestationPolicies } = context.services;
  const named = POLICY_NAME.test(given) ? await attestationPolicies.find(given) : undefined;
  if (named !== undefined) {
    const { name, version, sha256, text } = named;
    return { name, version, sha256, approved: true, policy: parsePolicyText(text, field) };
  }
  const list = await attestationPolicies.list();
  if (POLICY_NAME.test(given) && !existsSync(join(context.services.home.models, given))) {
    const names = list.map(({ name }) => name).join(', ') || 'none';
    throw new ElulmcError('NOT_FOUND', `${field}: no policy ${JSON.stringify(given)} is approved; there are: ${names}`, { field });
  }
  const file = fromFile(read(given), given, field);
  const approved = list.find(({ sha256 }) => sha256 === file.sha256);
  return { ...file, name: approved?.name ?? given, version: approved?.version ?? null, approved: approved !== undefined };
}

async function choose(context: OperationContext, given: string, field: string, read: ReadPolicy): Promise<ChosenPolicy> {
  if (!context.local) return chooseInControl(context, given, field, read);
  return { ...fromFile(read(given), given, field), name: given, version: null, approved: null };
}

/** The policy that a field names: an approved one or a file. NOT_FOUND, NOT_ALLOWED or FIELD_INVALID, naming the field. */
export async function choosePolicy(context: OperationContext, given: string, field: string): Promise<ChosenPolicy> {
  return choose(context, given, field, (path) => {
    if (pathHere(context, path, field) !== undefined || !context.local) return readNamedFile(context, path, field);
    const hint = POLICY_NAME.test(path) ? '; policies by name are with the control plane only' : '';
    throw new ElulmcError('NOT_FOUND', `${field}: there is no file ${JSON.stringify(path)}${hint}`, { field });
  });
}

/** The same for what config.yaml names; files from the folder of the home. CONFIG_INVALID names the field. */
export async function configuredPolicy(context: OperationContext, given: string, field: string): Promise<ChosenPolicy> {
  return choose(context, given, field, (path) => {
    try {
      return readFileSync(resolve(context.services.home.root, path));
    } catch (error) {
      throw new ElulmcError('CONFIG_INVALID', `${field}: ${path} cannot be read: ${(error as Error).message}`, { cause: error, field });
    }
  });
}
