import { ElulmcError } from '../core/errors.ts';
import { grants, rolesWith } from '../services/people/roles.ts';
import type { Actor } from '../services/people/service.ts';
import type { OperationDeclaration } from './declaration.ts';

/** What a user of this host may change without having signed in: stopping everything must never wait for a sign-in. */
const LOCAL_USER_MAY_CHANGE = new Set(['security emergency-isolation']);

/** Throws NOT_SIGNED_IN or NOT_ALLOWED. `system` is this program itself and never comes from outside. */
export function authorize(actor: Actor, declaration: Pick<OperationDeclaration, 'room' | 'name' | 'risk' | 'permission'>): void {
  const operation = `${declaration.room} ${declaration.name}`;
  switch (actor.kind) {
    case 'system':
      return;
    case 'local': {
      const mayRead = declaration.risk === 'read' && declaration.permission === 'read';
      if (mayRead || LOCAL_USER_MAY_CHANGE.has(operation)) return;
      throw new ElulmcError('NOT_SIGNED_IN', `${operation} needs a person who is signed in; ${actor.id} is not`);
    }
    case 'person': {
      if (grants(actor.role, declaration.permission)) return;
      const roles = rolesWith(declaration.permission).join(' or ');
      throw new ElulmcError('NOT_ALLOWED', `${operation} needs the role ${roles}; ${actor.id} has ${actor.role}`);
    }
  }
}

/** For an option that asks more than its operation does. NOT_ALLOWED names the option. */
export function requirePermission(actor: Actor, permission: OperationDeclaration['permission'], option: string): void {
  if (actor.kind === 'system' || (actor.kind === 'person' && grants(actor.role, permission))) return;
  throw new ElulmcError('NOT_ALLOWED', `${option} needs the role ${rolesWith(permission).join(' or ')}`, { field: option });
}
