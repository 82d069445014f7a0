/** Roles of people, and what each may do. */
export type Role = 'viewer' | 'operator' | 'security' | 'approver' | 'admin';

type PermissionName = 'read' | 'operate' | 'secure' | 'approve' | 'administer';

const GRANTS: Readonly<Record<Role, ReadonlySet<PermissionName>>> = {
  viewer: new Set<PermissionName>(['read']),
  operator: new Set<PermissionName>(['read', 'operate']),
  security: new Set<PermissionName>(['read', 'operate', 'secure']),
  approver: new Set<PermissionName>(['read', 'approve']),
  admin: new Set<PermissionName>(['read', 'operate', 'secure', 'administer']),
};

export const ROLES = Object.keys(GRANTS) as readonly Role[];

export function isRole(text: string): text is Role {
  return Object.hasOwn(GRANTS, text);
}

export function grants(role: Role, permission: PermissionName): boolean {
  return GRANTS[role].has(permission);
}

/** The least roles that hold a permission, for the sentence of a refusal. */
export function rolesWith(permission: PermissionName): readonly Role[] {
  return ROLES.filter((role) => grants(role, permission));
}
