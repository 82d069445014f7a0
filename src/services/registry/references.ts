import { ElulmcError } from '../../core/errors.ts';
import type { NewModel, RegisteredModel } from './service.ts';

/** What a reference means. `version` is null for a NAME alone. */
export type Reference =
  { readonly kind: 'id' | 'digest'; readonly value: string } | { readonly kind: 'name'; readonly value: string; readonly version: string | null };

/** The last `@` of NAME@VERSION parts it. */
export function parseReference(text: string): Reference {
  if (/^mdl_[0-9a-z]+$/.test(text)) return { kind: 'id', value: text };
  if (/^[0-9a-f]{64}$/.test(text)) return { kind: 'digest', value: text };
  const at = text.lastIndexOf('@');
  return at > 0 ? { kind: 'name', value: text.slice(0, at), version: text.slice(at + 1) } : { kind: 'name', value: text, version: null };
}

const QUOTED_CHARACTERS = 80;
const NAMED_CANDIDATES = 10;

/** The only one of what a reference names. NOT_FOUND, or FIELD_INVALID with the candidates, newest first. */
export function onlyModel(found: readonly RegisteredModel[], reference: string, field: string): RegisteredModel {
  const [model, ...others] = found;
  const quoted = JSON.stringify(reference.slice(0, QUOTED_CHARACTERS));
  if (model === undefined) {
    const detail = `${field}: no registered model is ${quoted}; elulmc deployment list-models lists them, elulmc deployment register-model registers one`;
    throw new ElulmcError('NOT_FOUND', detail, { field });
  }
  if (others.length === 0) return model;
  const names = found.slice(0, NAMED_CANDIDATES).map(({ name, version }) => `${name}@${version}`);
  const more = found.length > names.length ? ` and ${String(found.length - names.length)} more` : '';
  throw new ElulmcError('FIELD_INVALID', `${field}: ${quoted} has several versions: ${names.join(', ')}${more}`, { field });
}

/** CONFLICT that names what stands in the way of a registration. `digest` is said first: the same files need no second name. */
export function refuseRegistered(model: Pick<NewModel, 'name' | 'version' | 'digest'>, registered: readonly RegisteredModel[]): void {
  const same = registered.find(({ digest }) => digest === model.digest);
  if (same !== undefined) {
    const detail = `these files are registered already, as ${same.name}@${same.version} (${same.id}, ${same.stage}); a digest has one version`;
    throw new ElulmcError('CONFLICT', detail, { field: 'model' });
  }
  const named = registered.find(({ name, version }) => name === model.name && version === model.version);
  if (named === undefined) return;
  const detail = `${named.name}@${named.version} is registered already, with other files (${named.id}, digest ${named.digest}); choose another --version`;
  throw new ElulmcError('CONFLICT', detail, { field: 'version' });
}
