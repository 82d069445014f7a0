import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import { newId } from '../../core/ids.ts';
import type { Database, Statements } from '../../store/database.ts';
import { insertGateResult, insertStageChange, selectNewestResults, selectResults, selectStageChanges } from '../../store/registry-gate-rows.ts';
import {
  insertModel,
  lockModel,
  lockRegistrations,
  moveModel,
  selectChildren,
  selectManifest,
  selectModelsInStages,
  selectModelsLike,
  selectModelsNamed,
  selectModelsWith,
  selectPrevious,
} from '../../store/registry-model-rows.ts';
import type { ModelRow } from '../../store/registry-model-rows.ts';
import { gateFaults } from './gate-faults.ts';
import type { GatePolicy } from './gate-faults.ts';
import { onlyModel, parseReference, refuseRegistered } from './references.ts';
import type { GateFault, RegisteredModel, RegistryService, Stage } from './service.ts';
import { OUT_OF_USE, refuseMove } from './stages.ts';

function modelOf({ runId: _runId, position: _position, ...model }: ModelRow): RegisteredModel {
  return model;
}

function unknown(id: string, field = 'model'): ElulmcError {
  return new ElulmcError('NOT_FOUND', `${field}: no registered model is ${JSON.stringify(id.slice(0, 80))}`, { field });
}

async function candidates(statements: Statements, reference: string): Promise<readonly ModelRow[]> {
  const parsed = parseReference(reference);
  if (parsed.kind === 'name') return await selectModelsNamed(statements, parsed.value, parsed.version);
  return await selectModelsWith(statements, parsed.kind, parsed.value);
}

/** The registry in the database, with the gates of config.yaml. */
export function createRegistryService(database: Database, policy: GatePolicy): RegistryService {
  async function faultsNow(statements: Statements, model: RegisteredModel, stage: Stage): Promise<readonly GateFault[]> {
    return gateFaults(model, stage, await selectNewestResults(statements, model.digest), policy, wallMs());
  }

  return {
    register: (model, runId) =>
      database.transaction(async (statements) => {
        await lockRegistrations(statements);
        const alike = await selectModelsLike(statements, { ...model, runId });
        const before = alike.find((row) => row.runId === runId);
        if (before !== undefined) return modelOf(before);
        refuseRegistered(model, alike.map(modelOf));
        for (const parent of model.parents) if ((await selectModelsWith(statements, 'id', parent)).length === 0) throw unknown(parent, 'parent');
        const at = wallAt();
        const id = newId('mdl');
        await insertModel(statements, { ...model, id, runId, stage: 'registered', stageAt: at, registeredAt: at });
        await insertStageChange(statements, { model: id, from: null, to: 'registered', by: model.registeredBy, runId, reason: null, at });
        const [stored] = await selectModelsWith(statements, 'id', id);
        if (stored === undefined) throw unknown(id);
        return modelOf(stored);
      }),
    find: async (reference, field) => {
      const found = await database.run((statements) => candidates(statements, reference));
      return onlyModel(found.map(modelOf), reference, field);
    },
    byDigest: async (digest) => {
      const [found] = await database.run((statements) => selectModelsWith(statements, 'digest', digest));
      return found === undefined ? undefined : modelOf(found);
    },
    list: async (stages) => (await database.run((statements) => selectModelsInStages(statements, stages))).map(modelOf),
    manifest: async (id) => {
      const manifest = await database.run((statements) => selectManifest(statements, id));
      if (manifest === undefined) throw unknown(id);
      return manifest;
    },
    previous: async ({ id }) => {
      const found = await database.run((statements) => selectPrevious(statements, id, OUT_OF_USE));
      return found === undefined ? undefined : modelOf(found);
    },
    record: (result) =>
      database.transaction(async (statements) => {
        // Waits for a change of its stage: a model never enters one past a violation that was recorded before.
        await lockModel(statements, 'digest', result.digest);
        await insertGateResult(statements, result);
      }),
    gates: (digest) => database.run((statements) => selectNewestResults(statements, digest)),
    results: (digest, limit) => database.run((statements) => selectResults(statements, digest, limit)),
    faults: (model, stage) => database.run((statements) => faultsNow(statements, model, stage)),
    move: (model, to, change) =>
      database.transaction(async (statements) => {
        const row = await lockModel(statements, 'id', model.id);
        if (row === undefined) throw unknown(model.id);
        const stored = modelOf(row);
        if ((await selectStageChanges(statements, model.id)).some(({ runId }) => runId === change.runId)) return stored;
        refuseMove(stored, to, await faultsNow(statements, stored, to));
        if (stored.stage === to) return stored;
        if (stored.rowVersion !== model.rowVersion)
          throw new ElulmcError('CONFLICT', `${model.name}@${model.version} was changed meanwhile`, { field: 'model' });
        const at = wallAt();
        await moveModel(statements, stored, to, at);
        await insertStageChange(statements, { ...change, model: model.id, from: stored.stage, to, at });
        return { ...stored, stage: to, stageAt: at, rowVersion: stored.rowVersion + 1 };
      }),
    history: async (id) => {
      const changes = await database.run((statements) => selectStageChanges(statements, id));
      if (changes.length === 0) throw unknown(id);
      return changes.map(({ model: _model, ...change }) => change);
    },
    children: async (id) => (await database.run((statements) => selectChildren(statements, id))).map(modelOf),
  };
}
