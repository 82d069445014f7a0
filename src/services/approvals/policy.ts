import { sha256OfJson } from '../../core/canonical-json.ts';
import type { Config } from '../../core/config.ts';
import type { AppliedPolicy } from './service.ts';

/** The rule of config.yaml for one operation now; never below `least`. */
export function policyFor(settings: Config['approvals'], operation: string, risk: 'read' | 'change' | 'destroy', least: number): AppliedPolicy {
  const own = Object.hasOwn(settings.operations, operation) ? settings.operations[operation] : undefined;
  return { required: Math.max(own ?? settings[risk], least), sha256: sha256OfJson(settings) };
}
