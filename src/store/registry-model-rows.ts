import { and, asc, desc, eq, inArray, lt, notInArray, or } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Statements } from './database.ts';
import { modelManifest, modelParent, registeredModel } from './registry-schema.ts';

type Row = typeof registeredModel.$inferSelect;
type Stage = Row['stage'];
/** A registered model with the ids of its parents, in their order. */
export type ModelRow = Row & { readonly parents: readonly string[] };
export type NewModelRow = Omit<typeof registeredModel.$inferInsert, 'rowVersion' | 'position'> & {
  readonly parents: readonly string[];
  readonly manifest: readonly { readonly name: string; readonly sha256: string }[];
};

/** Any constant: registrations take turns, so that each sees the names and digests of the others. */
const REGISTER_LOCK = 4_180_007;

/** Held until the transaction ends. */
export async function lockRegistrations({ connection }: Statements): Promise<void> {
  await connection.query({ text: 'select pg_advisory_xact_lock($1)', values: [REGISTER_LOCK] });
}

export async function insertModel({ orm }: Statements, { parents, manifest, ...row }: NewModelRow): Promise<void> {
  await orm.insert(registeredModel).values(row);
  await orm.insert(modelManifest).values({ model: row.id, manifest });
  if (parents.length > 0) await orm.insert(modelParent).values(parents.map((parent, ordinal) => ({ model: row.id, ordinal, parent })));
}

async function withParents({ orm }: Statements, rows: readonly Row[]): Promise<ModelRow[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const links = await orm.select().from(modelParent).where(inArray(modelParent.model, ids)).orderBy(asc(modelParent.ordinal));
  return rows.map((row) => ({ ...row, parents: links.filter(({ model }) => model === row.id).map(({ parent }) => parent) }));
}

/** Newest first. */
async function selectModels(statements: Statements, condition: SQL | undefined, limit?: number): Promise<ModelRow[]> {
  const query = statements.orm.select().from(registeredModel).where(condition).orderBy(desc(registeredModel.position));
  return await withParents(statements, await (limit === undefined ? query : query.limit(limit)));
}

export function selectModelsInStages(statements: Statements, stages: readonly Stage[] | undefined): Promise<ModelRow[]> {
  return selectModels(statements, stages === undefined ? undefined : inArray(registeredModel.stage, [...stages]));
}

export function selectModelsNamed(statements: Statements, name: string, version: string | null): Promise<ModelRow[]> {
  const named = eq(registeredModel.name, name);
  return selectModels(statements, version === null ? named : and(named, eq(registeredModel.version, version)));
}

/** Those that a registration of this name, version, digest and run would repeat or collide with. */
export function selectModelsLike(
  statements: Statements,
  { name, version, digest, runId }: Pick<NewModelRow, 'name' | 'version' | 'digest' | 'runId'>,
): Promise<ModelRow[]> {
  const named = and(eq(registeredModel.name, name), eq(registeredModel.version, version));
  return selectModels(statements, or(named, eq(registeredModel.digest, digest), eq(registeredModel.runId, runId)));
}

export function selectModelsWith(statements: Statements, column: 'id' | 'digest', value: string): Promise<ModelRow[]> {
  return selectModels(statements, eq(registeredModel[column], value));
}

/** The newest of the same name that was registered before `id` and is in none of `stages`. */
export async function selectPrevious(statements: Statements, id: string, stages: readonly Stage[]): Promise<ModelRow | undefined> {
  const [row] = await statements.orm.select().from(registeredModel).where(eq(registeredModel.id, id));
  if (row === undefined) return undefined;
  const earlier = and(eq(registeredModel.name, row.name), lt(registeredModel.position, row.position), notInArray(registeredModel.stage, [...stages]));
  return (await selectModels(statements, earlier, 1))[0];
}

export async function selectChildren(statements: Statements, id: string): Promise<ModelRow[]> {
  const children = statements.orm.select({ id: modelParent.model }).from(modelParent).where(eq(modelParent.parent, id));
  return await selectModels(statements, inArray(registeredModel.id, children));
}

export async function selectManifest({ orm }: Statements, id: string) {
  const [row] = await orm.select().from(modelManifest).where(eq(modelManifest.model, id));
  return row?.manifest;
}

/** The row, held until the transaction ends: nobody moves it, and nobody records a result about its digest. */
export async function lockModel(statements: Statements, column: 'id' | 'digest', value: string): Promise<ModelRow | undefined> {
  const rows = await statements.orm.select().from(registeredModel).where(eq(registeredModel[column], value)).for('update');
  return (await withParents(statements, rows))[0];
}

/** For a row that `lockModel` holds. */
export async function moveModel({ orm }: Statements, { id, rowVersion }: Pick<Row, 'id' | 'rowVersion'>, stage: Stage, stageAt: string): Promise<void> {
  await orm
    .update(registeredModel)
    .set({ stage, stageAt, rowVersion: rowVersion + 1 })
    .where(and(eq(registeredModel.id, id), eq(registeredModel.rowVersion, rowVersion)));
}
