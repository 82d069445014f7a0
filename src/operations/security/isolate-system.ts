import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import type { IsolationTarget } from '../../services/posture/service.ts';
import type { PostureSnapshot } from '../../services/posture/snapshot.ts';
import { defineOperation } from '../declaration.ts';
import { anyTarget, candidates, namedTargets, targetFields } from '../isolation-targets.ts';
import type { NamedTargets } from '../isolation-targets.ts';
import { isolationOutput, performIsolation, planIsolation, renderIsolation } from './isolate.ts';

const input = z.strictObject({
  target: z.string().min(1).optional().describe('The system: a model, an upstream or a key, by its name or id.'),
  ...targetFields,
  reason: z.string().max(500).default('isolated by an operator').describe('Why; kept with the isolation and in the ledger, never shown to clients.'),
});

/** USAGE lists what could be named when nothing is: what to isolate is never guessed. */
function targetsOf(posture: PostureSnapshot, given: NamedTargets & { readonly target?: string | undefined }): readonly IsolationTarget[] {
  const targets = [...(given.target === undefined ? [] : [anyTarget(posture, given.target)]), ...namedTargets(posture, given)];
  if (targets.length > 0) return targets;
  throw new ElulmcError('USAGE', `name the system to isolate, for example: elulmc security isolate-system NAME (${candidates(posture)})`, { field: 'target' });
}

export const isolateSystem = defineOperation({
  room: 'security',
  name: 'isolate-system',
  runbookLine: 'security/isolate_system.sh',
  summary: 'Stop all traffic to one named model, upstream or key.',
  description:
    'The same as emergency-isolation, but it never chooses by itself: the target is the argument, or --model, --upstream or --key. ' +
    'The line of the document has no argument. In a runbook the target then comes from the parameter SYSTEM (--set SYSTEM=NAME, or the question at a terminal); ' +
    'without a target the command changes nothing, exits 2 and lists what could be named. It needs a person who is signed in.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  effectFirst: true,
  input,
  positional: ['target'],
  parameters: { target: 'SYSTEM' },
  output: isolationOutput,
  frameworks: { csf: 'RS.MI', atlas: ['AML.T0112', 'AML.T0105'] },
  examples: ['elulmc security isolate-system primary --reason INC-7', 'elulmc security isolate-system --key key_06e3x7m5c0qk8v2n9t4h6b1d0w'],
  errors: ['NOT_FOUND', 'USAGE', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const posture = await context.services.posture.read();
    return planIsolation(posture, targetsOf(posture, given));
  },
  perform: async (context, given) => {
    const posture = await context.services.posture.read();
    return performIsolation(context, 'security isolate-system', targetsOf(posture, given), given.reason);
  },
  undo: 'elulmc deployment resume-operations, with the same --model, --upstream or --key',
  render: renderIsolation,
});
