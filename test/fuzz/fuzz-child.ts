import { judgeScan } from './judge-scan.ts';
import { makeCase } from './make-case.ts';

/** Asks for cases `from` to `to` - 1 of a seed. */
export interface FuzzJob {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
}

/** One is begun or has ended well; one is a failure; all are done. */
export type FuzzMessage = { readonly begun: number } | { readonly failed: number; readonly why: string } | { readonly done: true };

/** How often the parent is told where we are; where a case is slow or breaks the process it is repeated one by one. */
async function work({ seed, from, to }: FuzzJob): Promise<void> {
  for (let index = from; index < to; index++) {
    tell({ begun: index });
    const why = await judgeScan(makeCase(seed, index));
    if (why !== null) tell({ failed: index, why });
  }
  tell({ done: true });
}

function tell(message: FuzzMessage): void {
  process.send?.(message);
}

process.on('message', (job: FuzzJob) => void work(job));
process.on('disconnect', () => process.exit());
