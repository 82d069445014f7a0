import type { ExitCode } from './exit-codes.ts';

/** One row of the error table: how the same fact is said over HTTP, on the command line and to an OpenAI client. */
export interface ErrorRow {
  /** HTTP status. */
  readonly http: number;
  readonly exit: ExitCode;
  /** `no`: the same request cannot succeed (`x-should-retry: false`). `later`: it may (`retry-after`). */
  readonly retry: 'no' | 'later';
  /** `error.type` of the OpenAI error object. */
  readonly type: string;
  /** Short and constant: the RFC 9457 title. */
  readonly title: string;
  /** The next thing to do. */
  readonly help: string;
}

export function row(http: number, exit: ExitCode, retry: 'no' | 'later', type: string, title: string, help: string): ErrorRow {
  return { http, exit, retry, type, title, help };
}
