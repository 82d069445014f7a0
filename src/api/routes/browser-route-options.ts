import type { BrowserSignIns } from '../../operations/browser-sign-ins.ts';
import type { DeviceSignIns } from '../../services/people/device-sign-ins.ts';
import type { IdentityProvider } from '../../services/people/identity-provider.ts';
import type { Passkeys } from '../../services/people/passkeys.ts';
import type { PeopleService } from '../../services/people/service.ts';
import type { Site } from '../../services/people/site.ts';
import type { Authenticate } from '../authentication.ts';

/** What the routes for browsers are made from. */
export interface BrowserRouteOptions {
  readonly authenticate: Authenticate;
  readonly site: () => Site;
  readonly people: Pick<PeopleService, 'inviterOf'>;
  readonly signIns: BrowserSignIns;
  readonly passkeys: Passkeys;
  readonly devices: Pick<DeviceSignIns, 'begin' | 'find'>;
  /** Null where config.yaml names none. */
  readonly identityProvider: IdentityProvider | null;
  /** Default 10. */
  readonly attemptsPerMinute?: number;
}
