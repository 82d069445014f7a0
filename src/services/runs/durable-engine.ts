import { DBOS } from '@dbos-inc/dbos-sdk';
import type { Database } from '../../store/database.ts';
import { openEnginePool } from '../../store/engine-pool.ts';
import type { Fence } from '../../store/fence.ts';
import { ENGINE_VERSION } from './engine-version.ts';
import type { DurableEngine, EngineBody } from './service.ts';

/** The same in every control plane: the one that leads takes over what the one before has left. */
const EXECUTOR = 'control';
const TOPIC = 'wake';
const POOL_SIZE = 6;
/** The engine gives a workflow up after 100 restarts unless it is told otherwise; a run that waits may see more of them. */
const MANY = 1_000_000_000;

export interface DurableEngineOptions {
  readonly database: Pick<Database, 'url' | 'clientName'>;
  readonly fence: Fence;
  /** Begins again from its beginning after a restart; what `steps` gives is remembered then. */
  readonly body: EngineBody;
  /** What the engine complains about. */
  readonly onProblem: (text: string) => void;
  /** The engine has lost its thread: a body stands still until the engine of another process takes it up. */
  readonly onFailure: (text: string) => void;
}

interface OpenEngine {
  readonly body: EngineBody;
  /** What the engine gives, or never anything. */
  readonly surely: <T>(work: Promise<T>) => Promise<T>;
}

/** The engine is one for a process, so its workflow is registered once and takes the body of the engine that is open. */
let current: OpenEngine | undefined;

function interpret(id: string): Promise<void> {
  if (current === undefined) throw new Error('the engine is closed');
  const { body, surely } = current;
  return body(id, {
    step: (name, work) => surely(DBOS.runStep(work, { name })),
    waitForWake: async (seconds) => {
      await surely(DBOS.recv(TOPIC, { timeoutSeconds: seconds }));
    },
  });
}

let registered: typeof interpret | undefined;

function said(parts: readonly unknown[]): string {
  return parts.map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : JSON.stringify(part))).join(' ');
}

/** Opens the engine on DBOS. Only the control plane that leads may: whoever opens it takes over every run. */
export async function openDurableEngine({ database, fence, body, onProblem, onFailure }: DurableEngineOptions): Promise<DurableEngine> {
  const pool = openEnginePool(database, fence, POOL_SIZE);
  const quiet = (): void => undefined;
  const complain = (...parts: unknown[]): void => {
    onProblem(said(parts));
  };
  DBOS.setConfig({
    name: 'elulmc',
    systemDatabaseUrl: database.url,
    systemDatabasePool: pool,
    applicationVersion: ENGINE_VERSION,
    executorID: EXECUTOR,
    logger: { info: quiet, debug: quiet, warn: quiet, error: complain },
  });
  let isOpen = true;
  /**
   * The engine repeats what a lost connection interrupts. Any other failure, such as an answer that did not come in time, it would record
   * as the end of the workflow, which never goes on then. So the workflow never hears of it.
   */
  const surely = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      if (isOpen) onFailure(said([error]));
      return new Promise(() => undefined);
    }
  };
  current = { body, surely };
  registered ??= DBOS.registerWorkflow(interpret, { name: 'runbook', maxRecoveryAttempts: MANY });
  const workflow = registered;
  try {
    await DBOS.launch();
  } catch (error) {
    await pool.end();
    throw error;
  }
  return {
    start: async (id) => {
      try {
        await DBOS.startWorkflow(workflow, { workflowID: id })(id);
      } catch (error) {
        // It may be started all the same, and then nobody runs it: the next attempt would find it there.
        if (isOpen) onFailure(said([error]));
        throw error;
      }
    },
    wake: (id, key) => DBOS.send(id, 'wake', TOPIC, key),
    close: async () => {
      isOpen = false;
      current = undefined;
      await DBOS.shutdown();
      await pool.end();
    },
  };
}
