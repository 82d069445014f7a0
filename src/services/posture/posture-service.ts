import { createHash, randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database, Statements } from '../../store/database.ts';
import { NOTHING_KNOWN, readPosture } from '../../store/posture-reader.ts';
import {
  deleteIsolations,
  ensureInstallation,
  insertKey,
  markKeysRevoked,
  raiseSessionGeneration,
  replaceRouting,
  selectRoutes,
  selectRouting,
  setActiveSide,
  unknownKeys,
  versionOfRun,
} from '../../store/posture-rows.ts';
import type { RoutingRows } from '../../store/posture-rows.ts';
import { changePosture, isolateRows } from '../../store/posture-writer.ts';
import type { ChangeKind, ChangeMade } from '../../store/posture-writer.ts';
import { newSubjectKey, wrapSubjectKey } from '../../vault/subject-key.ts';
import { mergeSnapshot } from './merge-snapshot.ts';
import type { ChangeAuthor, DeclaredRouting, IsolationTarget, NewKey, PostureChanged, PostureService } from './service.ts';
import type { ApiKey, Isolation, PostureSnapshot } from './snapshot.ts';

export interface PostureServiceOptions {
  /** 32 bytes; wraps the keys of subjects. */
  readonly subjectMasterKey: Buffer;
  /** base64 SPKI DER of the Ed25519 key that signs session tokens. */
  readonly sessionPublicKey: string;
}

const KEY_BYTES = 32;

function byName<T>(rows: readonly T[], nameOf: (row: T) => string): Map<string, T> {
  return new Map(rows.map((row) => [nameOf(row), row]));
}

/** The declared routes with the side that each serves now. CONFIG_INVALID when a route that serves its backup loses it. */
function keepActive(declared: DeclaredRouting, present: RoutingRows): RoutingRows {
  const before = byName(present.routes, (route) => route.model);
  const routes = declared.routes.map((route) => {
    const active = before.get(route.model)?.active ?? 'primary';
    if (active === 'backup' && route.backup === null)
      throw new ElulmcError(
        'CONFIG_INVALID',
        `the route ${route.model} serves its backup now, but config.yaml declares none: keep it until resume-operations --restore-routes`,
        { field: `routes.${route.model}.backup` },
      );
    return { model: route.model, targets: route.targets, backup: route.backup, active };
  });
  const upstreams = declared.upstreams.map(({ name, url, engine, tokenFile }) => ({ name, url, engine, tokenFile }));
  const passThrough = declared.passThrough.map(({ path, upstream }) => ({ path, upstream }));
  return { streamGraceMs: declared.streamGraceMs, upstreams, routes, passThrough };
}

function sameRouting(a: RoutingRows, b: RoutingRows): boolean {
  return (
    a.streamGraceMs === b.streamGraceMs &&
    isDeepStrictEqual(
      byName(a.upstreams, (row) => row.name),
      byName(b.upstreams, (row) => row.name),
    ) &&
    isDeepStrictEqual(
      byName(a.routes, (row) => row.model),
      byName(b.routes, (row) => row.model),
    ) &&
    isDeepStrictEqual(
      byName(a.passThrough, (row) => row.path),
      byName(b.passThrough, (row) => row.path),
    )
  );
}

class StoredPosture implements PostureService {
  readonly #database: Database;
  readonly #subjectMasterKey: Buffer;

  constructor(database: Database, subjectMasterKey: Buffer) {
    this.#database = database;
    this.#subjectMasterKey = subjectMasterKey;
  }

  async read(): Promise<PostureSnapshot> {
    return mergeSnapshot(undefined, await this.#database.run(({ connection }) => readPosture(connection, NOTHING_KNOWN)));
  }

  async isolate(targets: readonly IsolationTarget[], reason: string, author: ChangeAuthor): Promise<PostureChanged> {
    const { version, changed } = await this.#database.transaction(({ connection }) => isolateRows(connection, targets, reason, author));
    return { version, changed };
  }

  async lift(targets: readonly IsolationTarget[] | null, author: ChangeAuthor): Promise<PostureChanged & { readonly lifted: readonly Isolation[] }> {
    const { version, changed, summary } = await this.#change('lift', author, async (statements) => {
      const lifted: readonly Isolation[] = await deleteIsolations(statements, targets);
      return lifted.length === 0 ? null : { lifted };
    });
    return { version, changed, lifted: summary?.lifted ?? [] };
  }

  async voidSessions(author: ChangeAuthor): Promise<PostureChanged & { readonly generation: number }> {
    const { version, changed, summary } = await this.#change('void-sessions', author, async (statements) => ({
      generation: await raiseSessionGeneration(statements),
    }));
    return { version, changed, generation: summary?.generation ?? 0 };
  }

  async revokeKeys(keyIds: readonly string[] | null, author: ChangeAuthor): Promise<PostureChanged & { readonly revoked: readonly string[] }> {
    const { version, changed, summary } = await this.#change('revoke-keys', author, async (statements, next) => {
      const unknown = keyIds === null ? [] : await unknownKeys(statements, keyIds);
      if (unknown.length > 0) throw new ElulmcError('NOT_FOUND', `there is no key ${unknown.join(', ')}`);
      const revoked = await markKeysRevoked(statements, keyIds, next);
      return revoked.length === 0 ? null : { revoked };
    });
    return { version, changed, revoked: summary?.revoked ?? [] };
  }

  async issueKey(key: NewKey, author: ChangeAuthor): Promise<PostureChanged & { readonly key: ApiKey; readonly text: string }> {
    const text = `elk_${randomBytes(KEY_BYTES).toString('base64url')}`;
    const issued: ApiKey = {
      id: newId('key'),
      sha256: createHash('sha256').update(text).digest('hex'),
      name: key.name,
      subject: key.subject,
      generation: 1,
      revokedAt: null,
      models: key.models,
      limits: key.limits,
    };
    const wrapped = wrapSubjectKey(this.#subjectMasterKey, newSubjectKey(), key.subject);
    const { version, changed, summary } = await this.#change('issue-key', author, async (statements, next) => {
      await insertKey(statements, issued, wrapped, next);
      return { issued: issued.id };
    });
    // The text of an earlier attempt was never stored, so it cannot be shown again.
    if (summary?.issued !== issued.id)
      throw new ElulmcError('CONFLICT', `the run ${author.runId} has issued ${summary?.issued ?? 'a key'} already; revoke it and issue another one`);
    return { version, changed, key: issued, text };
  }

  async moveRoutes(models: readonly string[], to: 'primary' | 'backup', author: ChangeAuthor): Promise<PostureChanged & { readonly moved: readonly string[] }> {
    const { version, changed, summary } = await this.#change('move-routes', author, async (statements) => {
      const routes = byName(await selectRoutes(statements), (route) => route.model);
      const unknown = models.filter((model) => !routes.has(model));
      if (unknown.length > 0) throw new ElulmcError('NOT_FOUND', `there is no route for ${unknown.join(', ')}`);
      const bare = models.filter((model) => to === 'backup' && routes.get(model)?.backup === null);
      if (bare.length > 0) throw new ElulmcError('CONFLICT', `no backup is declared for ${bare.join(', ')}`);
      const moved = models.filter((model) => routes.get(model)?.active !== to);
      await setActiveSide(statements, moved, to);
      return moved.length === 0 ? null : { moved, to };
    });
    return { version, changed, moved: summary?.moved ?? [] };
  }

  async declare(routing: DeclaredRouting, author: ChangeAuthor): Promise<PostureChanged> {
    const { version, changed } = await this.#change('declare', author, async (statements) => {
      const present = await selectRouting(statements);
      const wanted = keepActive(routing, present);
      if (sameRouting(wanted, present)) return null;
      await replaceRouting(statements, wanted);
      return { upstreams: wanted.upstreams.map(({ name }) => name), routes: wanted.routes.map(({ model }) => model) };
    });
    return { version, changed };
  }

  async appliedBy(runId: string): Promise<number | undefined> {
    return await this.#database.run((statements) => versionOfRun(statements, runId));
  }

  async #change<S>(kind: ChangeKind, author: ChangeAuthor, work: (statements: Statements, nextVersion: number) => Promise<S | null>): Promise<ChangeMade<S>> {
    return await this.#database.transaction((statements) => changePosture(statements.connection, kind, author, (next) => work(statements, next)));
  }
}

/**
 * The posture service on a migrated database. Makes the installation at the first call ever; another session key than the stored
 * one takes its place, which voids every session token.
 */
export async function createPostureService(database: Database, options: PostureServiceOptions): Promise<PostureService> {
  const author: ChangeAuthor = { actor: 'system', runId: newId('run'), operation: 'start' };
  await database.transaction((statements) =>
    changePosture(statements.connection, 'prepare', author, async () =>
      (await ensureInstallation(statements, newId('ins'), options.sessionPublicKey)) ? { sessionKey: options.sessionPublicKey } : null,
    ),
  );
  return new StoredPosture(database, options.subjectMasterKey);
}
