import { ElulmcError } from '../../core/errors.ts';
import type { RegisteredModel } from '../../services/registry/service.ts';
import type { OperationContext } from '../context.ts';
import { pathHere } from '../host-paths.ts';

/** What `--model` means: files, and the registered version that they belong to when a reference named it. */
export interface ModelTarget {
  /** Absolute path. */
  readonly path: string;
  readonly registered: RegisteredModel | null;
}

function isReference(given: string): boolean {
  return /^mdl_[0-9a-z]+$/.test(given) || /^[0-9a-f]{64}$/.test(given) || /^[^/\\]+@[^/\\]+$/.test(given);
}

/**
 * A registered id, digest or NAME@VERSION, or a path (design, section 7, "Models by name"). A path is not looked up by digest here:
 * who has hashed it can ask the registry. NOT_FOUND, NOT_ALLOWED or CONTROL_UNREACHABLE, naming the field.
 */
export async function modelTarget(context: OperationContext, given: string, field = 'model'): Promise<ModelTarget> {
  const path = isReference(given) ? undefined : pathHere(context, given, field);
  if (path !== undefined) return { path, registered: null };
  if (context.local) {
    const named = isReference(given) ? 'the registry is' : 'there is no such file or folder, and the registry is';
    throw new ElulmcError(isReference(given) ? 'CONTROL_UNREACHABLE' : 'NOT_FOUND', `${field}: ${JSON.stringify(given)}: ${named} with the control plane only`, { field });
  }
  const registered = await context.services.registry.find(given, field);
  return { path: registered.location, registered };
}
