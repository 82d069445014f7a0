import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { keyHintOf } from '../../artifacts/signing/key-hint.ts';
import { readCertificates, trustKey } from '../../artifacts/signing/trust.ts';
import type { ModelTrust } from '../../artifacts/signing/trust.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Home } from '../../core/home.ts';
import type { RegisteredSignature } from '../../services/registry/service.ts';
import { readSmallFile } from '../host-file.ts';
import { MAX_TRUST_BYTES } from './signature-trust.ts';

const MAX_FILES = 200;

/** The installation's own key for models; its public half lies beside it. */
export function modelKeyFiles({ keys }: Home): { readonly privateKey: string; readonly publicKey: string } {
  return { privateKey: join(keys, 'model-signing.pem'), publicKey: join(keys, 'model-signing.pub.pem') };
}

/** Where the owner of the installation puts public keys and root certificates of others (docs/formats/home.md). */
export function signersFolder({ keys }: Home): string {
  return join(keys, 'model-signers');
}

function signerFiles(home: Home): readonly string[] {
  const folder = signersFolder(home);
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.pem'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  return [
    modelKeyFiles(home).publicKey,
    ...names
      .toSorted()
      .slice(0, MAX_FILES)
      .map((name) => join(folder, name)),
  ];
}

/** A file that is not there, or holds something else, trusts nobody. */
function orNothing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ElulmcError) return undefined;
    throw error;
  }
}

/**
 * The trust of this installation for a registered signature: its own key, or what lies in `keys/model-signers`. Undefined where it
 * has none. Keyless signatures have none: the registry does not keep who vouched for the identity.
 */
export function knownTrust(home: Home, { mode, signer }: Pick<RegisteredSignature, 'mode' | 'signer'>): ModelTrust | undefined {
  if (mode === 'sigstore') return undefined;
  const texts = signerFiles(home).flatMap((path) => orNothing(() => readSmallFile(path, 'keys', MAX_TRUST_BYTES).toString('utf8')) ?? []);
  const certificates = (text: string) => (text.includes('BEGIN CERTIFICATE') ? orNothing(() => readCertificates(text, 'keys')) : undefined) ?? [];
  if (mode === 'certificate') {
    const roots = texts.flatMap(certificates);
    return roots.length === 0 ? undefined : { method: 'certificate', roots };
  }
  const keys = texts.filter((text) => text.includes('PUBLIC KEY')).flatMap((text) => orNothing(() => trustKey(text, 'keys')) ?? []);
  return keys.find(({ publicKey }) => keyHintOf(publicKey) === signer);
}
