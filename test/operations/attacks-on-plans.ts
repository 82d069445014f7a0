import { wallMs } from '../../src/core/clock.ts';
import { payloadOf } from '../../src/services/approvals/statement.ts';
import { tokenFrom } from '../../src/services/approvals/token.ts';
import { defaultPolicy } from '../fixtures/memory-approvals.ts';
import { envelopeSignature } from '../services/approvals/approval-bench.ts';
import { POLICY } from './attack-bench.ts';
import type { Attack } from './attack-table.ts';

const nothing = (): void => undefined;
const HOUR_MS = 3_600_000;

/** A rightful approval, used for something else than what was approved: elsewhere, later, for more, under other rules. */
export const ATTACKS_ON_PLANS: readonly Attack[] = [
  {
    attack: 'other environment',
    tried: 'its token, where config.yaml says environment: production',
    code: 'APPROVAL_OTHER_ENVIRONMENT',
    strike: (bench, { token }) => bench.door({ environment: 'production' }).call(bench.call({ approval: { token } })),
    heal: nothing,
  },
  {
    attack: 'token from another installation',
    tried: 'a token that two approvers of both have signed there',
    code: 'APPROVAL_OTHER_INSTALLATION',
    strike: async (bench) => bench.use({ token: (await bench.approved({ installation: 'ins_other' })).token }),
    heal: nothing,
  },
  {
    attack: 'other version',
    tried: 'the route was changed after the request',
    code: 'APPROVAL_OTHER_VERSION',
    strike: (bench, { token }) => {
      bench.world.version = 'v2';
      return bench.use({ token });
    },
    heal: (bench) => {
      bench.world.version = 'v1';
    },
  },
  {
    attack: 'other version',
    tried: 'the plan touches nothing any more',
    code: 'APPROVAL_OTHER_VERSION',
    strike: (bench, { token }) => {
      bench.world.touches = false;
      return bench.use({ token });
    },
    heal: (bench) => {
      bench.world.touches = true;
    },
  },
  {
    attack: 'edited plan',
    tried: 'one change more than was signed',
    code: 'APPROVAL_OTHER_PLAN',
    strike: (bench, { token }) => {
      bench.world.changes = ['turn the probe', 'tell it', 'and delete the backups'];
      return bench.use({ token });
    },
    heal: (bench) => {
      bench.world.changes = ['turn the probe', 'tell it'];
    },
  },
  {
    attack: 'edited plan',
    tried: 'the same changes in another order',
    code: 'APPROVAL_OTHER_PLAN',
    strike: (bench, { token }) => {
      bench.world.changes = ['tell it', 'turn the probe'];
      return bench.use({ token });
    },
    heal: (bench) => {
      bench.world.changes = ['turn the probe', 'tell it'];
    },
  },
  {
    attack: 'approval of another operation with equal inputs',
    tried: 'its token for audits twin',
    code: 'APPROVAL_OTHER_OPERATION',
    strike: (bench, { token }) => bench.door().call(bench.call({ name: 'twin', approval: { token } })),
    heal: nothing,
  },
  {
    attack: 'other input',
    tried: 'the same operation for another target',
    code: 'APPROVAL_OTHER_INPUT',
    strike: (bench, { token }) => bench.door().call(bench.call({ input: { target: 'production' }, approval: { token } })),
    heal: nothing,
  },
  {
    attack: 'expired by clock',
    tried: 'the clock of the machine is past the expiry',
    code: 'APPROVAL_EXPIRED',
    strike: (bench, { token }) => bench.door({ now: () => wallMs() + 2 * POLICY.validFor }).call(bench.call({ approval: { token } })),
    heal: null,
  },
  {
    attack: 'expired by clock',
    tried: 'the machine is set back an hour; the database is not',
    code: 'APPROVAL_EXPIRED',
    strike: async (bench) => {
      // Signed outside of the server: signing there asks both clocks too.
      const { payload } = await bench.request({ now: () => wallMs() - HOUR_MS, validForMs: 60_000 });
      const token = tokenFrom(payload, [envelopeSignature(payload, bench.first), envelopeSignature(payload, bench.second)]);
      return bench.door({ now: () => wallMs() - HOUR_MS }).call(bench.call({ approval: { token } }));
    },
    heal: nothing,
  },
  {
    attack: 'expired by clock',
    tried: 'once seen expired; then the machine is set back',
    code: 'APPROVAL_EXPIRED',
    strike: async (bench, { token }) => {
      await bench
        .door({ now: () => wallMs() + 2 * POLICY.validFor })
        .call(bench.call({ approval: { token } }))
        .catch(nothing);
      return bench.use({ token });
    },
    heal: null,
  },
  {
    attack: 'expired by clock',
    tried: 'asked for on a machine a year ahead, and used when it is right again',
    code: 'APPROVAL_EXPIRED',
    strike: async (bench) => {
      const { token } = await bench.approvedElsewhere({ now: () => wallMs() + 8_760 * HOUR_MS, validForMs: 2_000 });
      return bench.door({ now: () => wallMs() + 3_000 }).call(bench.call({ approval: { token } }));
    },
    heal: nothing,
  },
  {
    attack: 'downgraded policy',
    tried: 'two were asked for; config.yaml now says one',
    code: 'APPROVAL_POLICY_CHANGED',
    strike: (bench, { token }) => bench.door({ policy: defaultPolicy({ change: 1 }) }).call(bench.call({ approval: { token } })),
    heal: nothing,
  },
  {
    attack: 'downgraded policy',
    tried: 'asked for while config.yaml said one; now it says two',
    code: 'APPROVAL_POLICY_CHANGED',
    strike: async (bench) => bench.use({ token: (await bench.approved({ policy: defaultPolicy({ change: 1 }) })).token }),
    heal: nothing,
  },
  {
    attack: 'downgraded policy',
    tried: 'a step of a runbook that asks for three',
    code: 'APPROVAL_POLICY_CHANGED',
    strike: (bench, { token }) => bench.door().call(bench.call({ approval: { token }, leastApprovals: 3 })),
    heal: nothing,
  },
  {
    attack: 'statement that nobody asked for',
    tried: 'signed by an approver, but not what the server keeps under this id',
    code: 'APPROVAL_UNKNOWN',
    strike: (bench, { request: { statement } }) => {
      const payload = payloadOf({ ...statement, policy: { ...statement.policy, required: 1 } });
      return bench.use({ token: tokenFrom(payload, [envelopeSignature(payload, bench.first)]) });
    },
    heal: nothing,
  },
];
