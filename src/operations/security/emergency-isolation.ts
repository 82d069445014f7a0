import { z } from 'zod';
import type { IsolationTarget } from '../../services/posture/service.ts';
import type { PostureSnapshot } from '../../services/posture/snapshot.ts';
import { defineOperation } from '../declaration.ts';
import { namedTargets, targetFields } from '../isolation-targets.ts';
import type { NamedTargets } from '../isolation-targets.ts';
import { activeUpstreams, isolationOutput, performIsolation, planIsolation, renderIsolation } from './isolate.ts';

const input = z.strictObject({
  all: z.boolean().default(false).describe('Everything: every model, upstream and key.'),
  ...targetFields,
  reason: z.string().max(500).default('emergency isolation').describe('Why; kept with the isolation and in the ledger, never shown to clients.'),
});

function targetsOf(posture: PostureSnapshot, named: NamedTargets & { readonly all: boolean }): readonly IsolationTarget[] {
  if (named.all) return [{ scope: 'all', target: null }];
  const targets = namedTargets(posture, named);
  return targets.length > 0 ? targets : activeUpstreams(posture);
}

export const emergencyIsolation = defineOperation({
  room: 'security',
  name: 'emergency-isolation',
  runbookLine: 'security/emergency_isolation.sh',
  summary: 'Stop all traffic to models within one second, on every gateway.',
  description:
    'Without options it isolates the upstreams that serve now, on every route; a backup that does not serve stays free for activate-backup. ' +
    '--model, --upstream and --key name what to isolate instead (together: all of them), --all isolates everything. ' +
    'New requests are answered 503 ISOLATED and running streams end. Isolation never moves traffic elsewhere. The effect comes first and the record after it; ' +
    'when neither the control plane nor the database answers, the command line writes the kill-switch file, which isolates everything on this host. ' +
    'The user of this host who runs the installation may give it without having signed in.',
  risk: 'change',
  permission: 'operate',
  approvals: 0,
  effectFirst: true,
  input,
  output: isolationOutput,
  frameworks: { csf: 'RS.MI', atlas: ['AML.T0018', 'AML.T0076', 'AML.T0112'] },
  examples: [
    'elulmc security emergency-isolation',
    'elulmc security emergency-isolation --upstream primary --reason INC-7',
    'elulmc security emergency-isolation --all',
  ],
  errors: ['NOT_FOUND', 'USAGE', 'DATABASE_UNAVAILABLE'],
  plan: async (context, given) => {
    const posture = await context.services.posture.read();
    return planIsolation(posture, targetsOf(posture, given));
  },
  perform: async (context, given) => {
    const posture = await context.services.posture.read();
    return performIsolation(context, 'security emergency-isolation', targetsOf(posture, given), given.reason);
  },
  undo: 'elulmc deployment resume-operations',
  render: renderIsolation,
});
