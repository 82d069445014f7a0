import type { BankAnswer, Credit, LimitAsk } from '../limits/limit-bank.ts';
import type { MetricJson } from '../metrics.ts';
import type { WorkerStatus } from '../../services/gateways/service.ts';
import type { ErrorCode } from '../../core/errors.ts';

/** What a worker tells when it is asked. */
export interface WorkerReport {
  readonly status: WorkerStatus;
  /** Why it serves nothing now; null when it serves. */
  readonly closed: ErrorCode | null;
}

/** From a worker to its primary. */
export type WorkerMessage =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly detail: string }
  | { readonly type: 'limit.ask'; readonly ticket: number; readonly ask: LimitAsk }
  | { readonly type: 'limit.back'; readonly keyId: string; readonly credit: Credit }
  | { readonly type: 'report'; readonly ticket: number; readonly report: WorkerReport }
  | { readonly type: 'metrics'; readonly ticket: number; readonly metrics: readonly MetricJson[] };

/** From the primary to a worker. */
export type PrimaryMessage =
  | { readonly type: 'limit.answer'; readonly ticket: number; readonly answer: BankAnswer }
  | { readonly type: 'ask.report'; readonly ticket: number }
  | { readonly type: 'ask.metrics'; readonly ticket: number };
