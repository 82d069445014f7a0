import { ElulmcError } from '../core/errors.ts';
import type { OperationDeclaration } from '../operations/declaration.ts';
import type { OperationReport } from '../operations/report.ts';
import type { CallPermit } from './call-permit.ts';
import { controlAddress } from './control-address.ts';
import { callOperation } from './control-client.ts';
import type { Session } from './context.ts';
import { absolutePaths } from './host-paths.ts';
import { readIdentity } from './identity.ts';
import { interruptible } from './interrupt.ts';

export interface CallChoice extends CallPermit {
  readonly runId: string;
  readonly dryRun: boolean;
}

/** Performs one operation where its declaration says: the control plane, this process, or the ways of an emergency. */
export async function runOperation(
  session: Session,
  declaration: OperationDeclaration,
  given: Record<string, unknown>,
  choice: CallChoice,
): Promise<OperationReport> {
  const { room, name, local } = declaration;
  const { input, namesPath } = absolutePaths(given, declaration.hostPaths ?? [], declaration.hostOutputs);
  if (room === 'security' && name === 'emergency-isolation' && !choice.dryRun) {
    const { isolateInEmergency } = await import('./emergency-isolation.ts');
    return isolateInEmergency(session, input, choice.runId);
  }
  const progress = session.output.progress();
  const onProgress = progress.text.bind(progress);
  try {
    return await interruptible(async (signal) => {
      const here = (): Promise<OperationReport> => session.context.runLocally({ room, name, input, signal, onProgress, dryRun: choice.dryRun });
      if (local === 'always') return here();
      if (local === 'fallback' && namesPath && !isSignedIn(session.context)) {
        session.output.words('nobody is signed in: a process of your own does this, and nothing is recorded');
        return here();
      }
      try {
        return await callOperation(controlAddress(session.context), `${room} ${name}`, input, { ...choice, signal, onProgress });
      } catch (thrown) {
        if (local !== 'fallback' || !(thrown instanceof ElulmcError) || thrown.code !== 'CONTROL_UNREACHABLE') throw explained(thrown, declaration, choice);
        session.output.words(`${thrown.message}: reading the files of this home instead`);
        return here();
      }
    });
  } finally {
    progress.end();
  }
}

function isSignedIn({ environment, home }: Session['context']): boolean {
  return environment.token !== undefined || readIdentity(home) !== undefined;
}

/** A change whose answer never came may have happened: say how to find out without doing it twice. */
function explained(thrown: unknown, { risk }: OperationDeclaration, { runId, dryRun }: CallChoice): unknown {
  if (!(thrown instanceof ElulmcError) || risk === 'read' || dryRun) return thrown;
  if (thrown.code !== 'INTERRUPTED' && thrown.code !== 'CONTROL_UNREACHABLE') return thrown;
  const { cause } = thrown;
  if (!(cause instanceof Error) || (cause as NodeJS.ErrnoException).code === 'ECONNREFUSED') return thrown;
  return new ElulmcError(thrown.code, `${thrown.message}; if it was under way it goes on: the same command with --run-id ${runId} does not apply it twice`, {
    cause: thrown,
  });
}
