import { readConfig } from '../../core/config.ts';
import type { Config } from '../../core/config.ts';
import { configuredPolicy } from './policies.ts';
import type { ChosenPolicy } from './policies.ts';
import type { OperationContext } from '../context.ts';

/** The section `attestation` of config.yaml, as it is now. CONFIG_INVALID. */
export function attestationSettings(context: OperationContext): Config['attestation'] {
  return readConfig(context.services.home.config).attestation;
}

/** The policy of config.yaml; null: it names none. */
export async function defaultPolicy(context: OperationContext): Promise<ChosenPolicy | null> {
  const { policy } = attestationSettings(context);
  return policy === null ? null : configuredPolicy(context, policy, 'attestation.policy');
}
