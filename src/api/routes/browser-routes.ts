import type { FastifyInstance } from 'fastify';
import type { RegisterRoutes } from '../authentication.ts';
import type { BrowserRouteOptions } from './browser-route-options.ts';
import { registerDeviceRoutes } from './device-routes.ts';
import { registerOidcRoutes } from './oidc-routes.ts';
import { registerPageRoutes } from './page-routes.ts';
import { registerPasskeyRoutes } from './passkey-routes.ts';

/** Everything that people do in a browser: sign in by OIDC and by passkey, confirm a command line, read and approve requests. */
export function browserRoutes(parts: Omit<BrowserRouteOptions, 'authenticate'>): RegisterRoutes {
  return (app: FastifyInstance, authenticate) => {
    const options = { ...parts, authenticate };
    registerPageRoutes(app, options);
    registerPasskeyRoutes(app, options);
    registerDeviceRoutes(app, options);
    if (options.identityProvider !== null) registerOidcRoutes(app, options, options.identityProvider);
  };
}
