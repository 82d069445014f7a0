import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { wallAt } from '../../src/core/clock.ts';
import { newId } from '../../src/core/ids.ts';
import { catalogue } from '../../src/operations/catalogue.ts';
import { openDoor } from '../../src/operations/door.ts';
import type { OperationCall, OperationReport } from '../../src/operations/report.ts';
import type { GateResult } from '../../src/services/registry/service.ts';
import { MemoryLedger } from '../fixtures/memory-ledger.ts';
import { MemoryOperationRuns } from '../fixtures/memory-operation-runs.ts';
import { memoryServices, personWith } from '../fixtures/operation-services.ts';
import type { MemoryServices } from '../fixtures/operation-services.ts';

export interface RegistryBench {
  readonly services: MemoryServices;
  readonly ledger: MemoryLedger;
  readonly operator: ReturnType<typeof personWith>;
  /** A temporary folder beside the home. */
  readonly folder: string;
  /** Writes files below the folder and gives the path of the first folder or file named. */
  write(name: string, files?: Readonly<Record<string, string>>): string;
  call(path: string, input: object, given?: Partial<OperationCall>): Promise<OperationReport>;
  register(name: string, version: string, input?: object): Promise<Record<string, unknown>>;
  record(digest: unknown, gate: string, verdict: GateResult['verdict'], at?: string): Promise<void>;
  remove(): void;
}

/** The registry's operations behind the door, everything in memory but the files. */
export function registryBench(): RegistryBench {
  const services = memoryServices();
  const ledger = new MemoryLedger();
  const door = openDoor({ catalogue, services, log: ledger, runs: new MemoryOperationRuns() });
  const folder = mkdtempSync(join(tmpdir(), 'elulmc-registry-'));
  const operator = personWith('operator');

  function write(name: string, files: Readonly<Record<string, string>> = { 'weights.bin': name, 'sub/config.json': '{}' }): string {
    const path = join(folder, name);
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(path, file)), { recursive: true });
      writeFileSync(join(path, file), text);
    }
    return path;
  }

  function call(path: string, input: object, given: Partial<OperationCall> = {}): Promise<OperationReport> {
    const [room = '', name = ''] = path.split(' ');
    return door.call({ room, name, input, actor: operator, signal: new AbortController().signal, ...given });
  }

  return {
    services,
    ledger,
    operator,
    folder,
    write,
    call,
    register: async (name, version, input = {}) => {
      const report = await call('deployment register-model', { model: write(`${name}-${version}`), name, version, ...input });
      return report.output as Record<string, unknown>;
    },
    record: (digest, gate, verdict, at = wallAt()) =>
      services.registry.record({ digest: String(digest), gate, verdict, summary: `${gate} says ${verdict}`, runId: newId('run'), at }),
    remove: () => {
      services.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
