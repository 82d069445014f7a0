import { z } from 'zod';
import { ElulmcError } from '../../src/core/errors.ts';
import type { ErrorCode } from '../../src/core/errors.ts';
import type { CatalogueEntry } from '../../src/operations/catalogue.ts';
import type { OperationDeclaration } from '../../src/operations/declaration.ts';

/** An operation for tests: it notes its calls, and does what its input says. */
export function probe(changes: Partial<OperationDeclaration>, calls: { name: string; input: Record<string, unknown>; runId: string }[] = []): CatalogueEntry {
  const declaration = {
    room: 'audits',
    name: 'probe',
    runbookLine: null,
    summary: 'A probe.',
    description: 'A probe.',
    risk: 'read',
    permission: 'read',
    approvals: 0,
    input: z.strictObject({
      verdict: z.enum(['ok', 'finding', 'inconclusive']).default('ok').describe('What it finds.'),
      fail: z.string().optional(),
      count: z.number().int().max(10).optional(),
      verify: z.boolean().default(true),
      full: z.boolean().default(false),
      target: z.string().optional(),
      tag: z.array(z.string()).optional(),
      approvalToken: z.string().optional().describe('Token of the approval.'),
    }),
    positional: ['target'],
    secrets: ['approvalToken'],
    output: z.object({ done: z.boolean() }),
    frameworks: {},
    examples: [],
    undo: 'none',
    plan: () => Promise.resolve({ changes: [], notes: [] }),
    perform: (context: { runId: string; progress: (text: string) => void }, input: Record<string, unknown>) => {
      calls.push({ name: declaration.name, input, runId: context.runId });
      context.progress('working');
      if (typeof input['fail'] === 'string') return Promise.reject(new ElulmcError(input['fail'] as ErrorCode, 'it failed'));
      return Promise.resolve({ output: { done: true }, verdict: input['verdict'], summary: `Found ${String(input['verdict'])}.` });
    },
    ...changes,
  } as unknown as OperationDeclaration;
  const { room, name, runbookLine, summary, risk } = declaration;
  return { room, name, runbookLine, summary, risk, local: null, load: () => Promise.resolve(declaration) };
}
