import { ElulmcError } from '../core/errors.ts';
import { readEndpoints } from '../services/installation/endpoints.ts';
import type { CliContext } from './context.ts';
import { readIdentity } from './identity.ts';

/** Where the control plane is, and as whom to speak to it. */
export interface ControlAddress {
  readonly url: string;
  readonly token: string;
}

/** `http://host:port` of a URL. USAGE when it is none. */
export function originOf(url: string, field: string): string {
  try {
    const parsed = new URL(url);
    if (parsed.protocol === 'http:' || parsed.protocol === 'https:') return parsed.origin;
  } catch {
    // Said below.
  }
  throw new ElulmcError('USAGE', `${field} is not an http or https URL`, { field });
}

/**
 * ELULMC_URL with ELULMC_TOKEN or the token of who signed in there; else the installation of this home, as who signed in
 * or as the user of this host; else, on a machine where none runs, the one at which somebody signed in. A token is never sent to another server than the one that gave it.
 */
export function controlAddress(context: Pick<CliContext, 'environment' | 'home'>): ControlAddress {
  const { environment, home } = context;
  const identity = environment.token === undefined ? readIdentity(home) : undefined;
  if (environment.controlUrl !== undefined) {
    const url = originOf(environment.controlUrl, 'ELULMC_URL');
    const token = environment.token ?? (identity?.controlUrl === url ? identity.token : undefined);
    if (token === undefined) throw new ElulmcError('NOT_SIGNED_IN', `nobody signed in at ${url}; set ELULMC_TOKEN or use a sign-in link of that server`);
    return { url, token };
  }
  const endpoints = readEndpoints(home);
  if (endpoints === undefined && identity !== undefined) return { url: originOf(identity.controlUrl, 'identity.json'), token: identity.token };
  if (endpoints === undefined) throw new ElulmcError('CONTROL_UNREACHABLE', `no installation runs in ${home.root} (run/endpoints.json is missing)`);
  return { url: originOf(endpoints.controlUrl, 'endpoints.json'), token: environment.token ?? identity?.token ?? endpoints.localToken };
}

/** As the user of this host, whoever signed in: for an emergency in which a person's token is refused. */
export function localAddress(context: Pick<CliContext, 'home'>): ControlAddress | undefined {
  const endpoints = readEndpoints(context.home);
  return endpoints === undefined ? undefined : { url: originOf(endpoints.controlUrl, 'endpoints.json'), token: endpoints.localToken };
}
