import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import { exchange } from './http-client.ts';

/** Where a drill works and as whom. */
export interface DrillGround {
  readonly controlUrl: string;
  /** `http://127.0.0.1:4180/v1` */
  readonly gatewayUrl: string;
  /** Bearer token of a person who may isolate, issue keys and resume. */
  readonly personToken: string;
  /** Public model that the clients ask for, and the name of the model that answers it normally. */
  readonly model: string;
  readonly primaryModel: string;
  /** `node <entry>`: the command line, and the environment that makes it use this installation. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly runbook: string;
  /** Folder of the logs. */
  readonly ledger: string;
  readonly live: boolean;
  /** Returns when the logs hold all that was answered: a scratch installation is stopped, a live one publishes. */
  readonly settle: () => Promise<void>;
}

/** Runs one operation over HTTP and gives its output. OPERATION_FAILED with the answer's text when it is refused. */
export async function operate(ground: Pick<DrillGround, 'controlUrl' | 'personToken'>, path: string, input: unknown): Promise<Record<string, unknown>> {
  const answer = await exchange({ url: `${ground.controlUrl}/v1/operations/${path}`, method: 'POST', token: ground.personToken, body: input });
  const report = answer.status === 200 ? asRecord(JSON.parse(answer.body)) : undefined;
  const output = asRecord(report?.['output']);
  if (output === undefined) throw new ElulmcError('OPERATION_FAILED', `${path} answered ${String(answer.status)}: ${answer.body.slice(0, 300)}`);
  return output;
}
