import { lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { ElulmcError } from '../../core/errors.ts';
import type { OperationContext } from '../context.ts';
import { isSignatureFile, signaturePlaces } from '../models/signature-file.ts';

function realFolderOf(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch (cause) {
    throw new ElulmcError('NOT_FOUND', `output: there is no folder ${dirname(path)}`, { field: 'output', cause });
  }
}

/** In the control plane a signature is written where verifiers look for it, and under no name that means something else. */
function refuseElsewhere(context: OperationContext, model: string, path: string): void {
  if (context.local) return;
  const real = realpathSync(model);
  const isBeside = dirname(path) === dirname(real) || (dirname(path) === real && statSync(real).isDirectory());
  if (isBeside && path.endsWith('.sig')) return;
  throw new ElulmcError(
    'NOT_ALLOWED',
    `output: the control plane writes signatures in or beside the model only, in a file that ends with .sig: ${signaturePlaces(model).join(', ')}`,
    {
      field: 'output',
    },
  );
}

/**
 * Where the signature goes, absolute. NOT_FOUND for a folder that is not there, NOT_ALLOWED for a place elsewhere, CONFLICT for a file
 * that is no signature: it is never written over.
 */
export function signatureOutput(context: OperationContext, model: string, given: string | undefined): string {
  if (given !== undefined && !context.local && !isAbsolute(given)) throw new ElulmcError('FIELD_INVALID', 'output: an absolute path', { field: 'output' });
  const path = realFolderOf(given === undefined ? (signaturePlaces(model)[0] ?? `${model}.sig`) : resolve(given));
  refuseElsewhere(context, model, path);
  const isThere = lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  if (!isThere || isSignatureFile(path)) return path;
  throw new ElulmcError('CONFLICT', `output: ${path} is there and is no signature of a model; it is left as it is`, { field: 'output' });
}
