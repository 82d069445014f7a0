import { createHash } from 'node:crypto';
import { lstatSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isBundle, MAX_BUNDLE_BYTES } from '../../artifacts/signing/bundle.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { readSmallFile } from '../host-file.ts';
import { pathHere } from '../host-paths.ts';

/** A signature that was found. */
export interface SignatureFile {
  /** Absolute. */
  readonly path: string;
  readonly bytes: Buffer;
}

/** By convention: `model.sig` in a folder or beside it, `FILE.sig` beside a file. The first is where `sign-model` writes. */
export function signaturePlaces(model: string): readonly string[] {
  const beside = [`${model}.sig`, join(dirname(model), 'model.sig')];
  return statSync(model, { throwIfNoEntry: false })?.isDirectory() === true ? [join(model, 'model.sig'), ...beside.toReversed()] : beside;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

/** Whether the caller may have it read; what they may not is not there for them. */
function mayRead(context: OperationContext, path: string): boolean {
  try {
    return pathHere(context, path, 'signature') !== undefined;
  } catch (error) {
    if (error instanceof ElulmcError && error.code === 'NOT_ALLOWED') return false;
    throw error;
  }
}

/** The signature of files that are not registered. NOT_FOUND `signature` says where it was looked for. */
export function findSignature(context: OperationContext, model: string): SignatureFile {
  const places = signaturePlaces(model);
  const path = places.find((place) => isFile(place) && mayRead(context, place));
  if (path !== undefined) return { path, bytes: readSmallFile(path, 'signature', MAX_BUNDLE_BYTES) };
  throw new ElulmcError(
    'NOT_FOUND',
    `signature: none at ${places.join(', ')}; name it with --signature, or make one: elulmc security sign-model --model ${basename(model)}`,
    {
      field: 'signature',
    },
  );
}

/** Exactly the bytes that a model was registered with: kept in `content/`, else still beside the model. Undefined when they are nowhere. */
export function registeredSignatureFile(context: OperationContext, { location, signature }: RegisteredModel): SignatureFile | undefined {
  if (signature === null) return undefined;
  for (const path of [join(context.services.home.content, signature.sha256), ...signaturePlaces(location)]) {
    if (!isFile(path)) continue;
    const bytes = signatureBytes(path);
    if (bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === signature.sha256) return { path, bytes };
  }
  return undefined;
}

function signatureBytes(path: string): Buffer | undefined {
  try {
    return readSmallFile(path, 'signature', MAX_BUNDLE_BYTES);
  } catch (error) {
    if (error instanceof ElulmcError) return undefined;
    throw error;
  }
}

/** Whether a regular file, no link, holds a signature of this kind, right or wrong. */
export function isSignatureFile(path: string): boolean {
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
  const bytes = signatureBytes(path);
  return bytes !== undefined && isBundle(bytes);
}
