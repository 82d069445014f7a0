import { CLOUD_RULES } from './cloud-rules.ts';
import { GENERIC_RULES } from './generic-rules.ts';
import { SERVICE_RULES } from './service-rules.ts';
import type { SecretRule } from './secret-rule.ts';

/** All rules, written for this project. */
export const SECRET_RULES: readonly SecretRule[] = [...CLOUD_RULES, ...SERVICE_RULES, ...GENERIC_RULES];
