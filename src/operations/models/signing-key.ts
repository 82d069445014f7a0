import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { certificateSigner, keySigner } from '../../artifacts/signing/model-signer.ts';
import type { ModelSigner } from '../../artifacts/signing/model-signer.ts';
import { readCertificates } from '../../artifacts/signing/trust.ts';
import { replaceFile } from '../../core/atomic-file.ts';
import { ElulmcError } from '../../core/errors.ts';
import { createPrivateFile, readPrivateFile } from '../../core/private-file.ts';
import type { OperationContext } from '../context.ts';
import { readHostFile } from '../host-file.ts';
import { readableHere } from '../host-paths.ts';
import { modelKeyFiles } from './known-signers.ts';
import { MAX_TRUST_BYTES } from './signature-trust.ts';

export interface SignerChoice {
  readonly privateKey?: string | undefined;
  readonly passphrase?: string | undefined;
  readonly certificate?: string | undefined;
  readonly certificateChain?: readonly string[] | undefined;
}

/** Whose key signs: files of the key, both null where they are not the installation's own. */
export interface ChosenSigner {
  readonly signer: ModelSigner;
  readonly publicKeyFile: string | null;
}

function invalid(field: string, what: string): ElulmcError {
  // The cause is not attached: nothing of a key file may reach a log.
  return new ElulmcError('FIELD_INVALID', `${field}: ${what}`, { field });
}

function parseKey(pem: Buffer, path: string, passphrase: string | undefined): KeyObject {
  const isEncrypted = pem.includes('ENCRYPTED');
  if (isEncrypted && passphrase === undefined) throw invalid('passphrase', `${path} is encrypted: give --passphrase-file`);
  try {
    return createPrivateKey({ key: pem, passphrase });
  } catch {
    throw isEncrypted ? invalid('passphrase', `it does not open ${path}`) : invalid('privateKey', `${path} holds no private key in PEM`);
  }
}

function givenKey(context: OperationContext, given: string, passphrase: string | undefined): KeyObject {
  const path = readableHere(context, given, 'privateKey');
  const pem = readPrivateFile(path);
  if (pem === undefined) throw invalid('privateKey', `${path} cannot be read`);
  return parseKey(pem, path, passphrase);
}

function publicPem(privateKey: KeyObject): string {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }).toString();
}

/** The installation's own key for models, made at its first use; its public half is written beside it. */
function ownKey(context: OperationContext): KeyObject {
  const files = modelKeyFiles(context.services.home);
  const fresh = (): Buffer => Buffer.from(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const privateKey = parseKey(readPrivateFile(files.privateKey) ?? createPrivateFile(files.privateKey, fresh()), files.privateKey, undefined);
  const pem = publicPem(privateKey);
  if (!existsSync(files.publicKey) || readFileSync(files.publicKey, 'utf8') !== pem) replaceFile(files.publicKey, pem, 0o644);
  return privateKey;
}

export function hasOwnKey(context: OperationContext): boolean {
  return existsSync(modelKeyFiles(context.services.home).privateKey);
}

function checkUsage({ privateKey, passphrase, certificate, certificateChain }: SignerChoice): void {
  const wrong = (text: string, field: string): ElulmcError => new ElulmcError('USAGE', text, { field });
  if (passphrase !== undefined && privateKey === undefined) throw wrong('--passphrase-file goes with --private-key', 'passphrase');
  if (certificateChain !== undefined && certificate === undefined) throw wrong('--certificate-chain goes with --certificate', 'certificateChain');
  if (certificate !== undefined && privateKey === undefined) throw wrong('--certificate needs the --private-key that it is for', 'privateKey');
}

/**
 * What signs: a key of the caller's, with certificates or without, else the installation's own, which is made where there is none.
 * USAGE, FIELD_INVALID, NOT_FOUND, NOT_ALLOWED or KEY_FILE_UNSAFE.
 */
export function chosenSigner(context: OperationContext, choice: SignerChoice): ChosenSigner {
  checkUsage(choice);
  const { privateKey, passphrase, certificate, certificateChain = [] } = choice;
  const key = privateKey === undefined ? ownKey(context) : givenKey(context, privateKey, passphrase);
  const signer = keySigner(key, createPublicKey(key));
  if (certificate === undefined) return { signer, publicKeyFile: privateKey === undefined ? modelKeyFiles(context.services.home).publicKey : null };
  const read = (path: string, field: string) => readCertificates(readHostFile(context, path, field, MAX_TRUST_BYTES).toString('utf8'), field);
  const chain = [...read(certificate, 'certificate').slice(0, 1), ...certificateChain.flatMap((path) => read(path, 'certificateChain'))];
  return { signer: certificateSigner(signer, chain), publicKeyFile: null };
}
