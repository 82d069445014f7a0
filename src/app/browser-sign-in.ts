import type { RegisterRoutes } from '../api/authentication.ts';
import { browserRoutes } from '../api/routes/browser-routes.ts';
import { createBrowserSignIns } from '../operations/browser-sign-ins.ts';
import type { Recorder } from '../operations/recorder.ts';
import type { ControlSettings } from '../services/installation/roles.ts';
import { createDeviceSignIns } from '../services/people/device-sign-ins.ts';
import { createIdentities } from '../services/people/identities.ts';
import { openIdentityProvider } from '../services/people/identity-provider.ts';
import { createPasskeys } from '../services/people/passkeys.ts';
import type { PeopleService } from '../services/people/service.ts';
import type { Site } from '../services/people/site.ts';
import type { Database } from '../store/database.ts';

interface BrowserSignInParts {
  readonly settings: ControlSettings['signIn'];
  /** Folder that relative paths of config.yaml start at. */
  readonly home: string;
  readonly database: Database;
  readonly people: PeopleService;
  readonly recorder: Recorder;
  readonly site: () => Site;
  /** Default 10. */
  readonly attemptsPerMinute?: number;
}

/** The routes of everything that people do in a browser. CONFIG_INVALID, KEY_FILE_UNSAFE. */
export function openBrowserSignIn(parts: BrowserSignInParts): RegisterRoutes {
  const { settings, database, people, recorder, site, attemptsPerMinute } = parts;
  // Says now what is wrong with the settings, and not at the first sign-in.
  site();
  const identityProvider = settings.oidc === null ? null : openIdentityProvider(settings.oidc, parts.home);
  const passkeys = createPasskeys(database, site);
  const devices = createDeviceSignIns(database);
  const signIns = createBrowserSignIns({ people, passkeys, identities: createIdentities(database), devices, recorder });
  return browserRoutes({ site, people, signIns, passkeys, devices, identityProvider, ...(attemptsPerMinute === undefined ? {} : { attemptsPerMinute }) });
}
