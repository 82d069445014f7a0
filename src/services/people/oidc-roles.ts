import { ElulmcError } from '../../core/errors.ts';
import type { Role } from './roles.ts';

/**
 * The one role that somebody's groups give. OIDC_REFUSED when they give none, or several different ones: whoever holds both the
 * role that asks and the role that approves has taken the separation of duties away.
 */
export function roleOfGroups(groups: readonly string[], mapping: Readonly<Record<string, Role>>): Role {
  const mapped = groups.filter((group) => Object.hasOwn(mapping, group)).map((group) => [group, mapping[group]] as const);
  const roles = new Set(mapped.map(([, role]) => role));
  const [role] = roles;
  if (role !== undefined && roles.size === 1) return role;
  const named = (texts: readonly string[]): string => texts.map((text) => JSON.stringify(text)).join(', ');
  if (roles.size === 0)
    throw new ElulmcError('OIDC_REFUSED', groups.length === 0 ? 'this person is in no group' : `none of the groups ${named(groups.slice(0, 20))} gives a role`);
  const pairs = mapped.map(([group, given]) => `${JSON.stringify(group)} gives ${given ?? ''}`).join(', ');
  throw new ElulmcError('OIDC_REFUSED', `the groups give different roles, and nobody may hold two: ${pairs}`);
}
