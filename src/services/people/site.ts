import { isIP } from 'node:net';
import type { Config } from '../../core/config.ts';
import { ElulmcError } from '../../core/errors.ts';

/** How browsers reach the control plane. */
export interface Site {
  /** `https://elulmc.example.com` or `http://localhost:4181`: the only origin whose pages may act for somebody who is signed in. */
  readonly origin: string;
  /** Domain that passkeys belong to. */
  readonly rpId: string;
}

function refuse(field: string, sentence: string): never {
  throw new ElulmcError('CONFIG_INVALID', `signIn.${field}: ${sentence}`, { field: `signIn.${field}` });
}

/** By configuration, else localhost with the listening port. CONFIG_INVALID where browsers would refuse passkeys. */
export function siteOf(settings: Pick<Config['signIn'], 'origin' | 'rpId'>, port: number): Site {
  const url = new URL(settings.origin ?? `http://localhost:${String(port)}`);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    refuse('origin', `${url.href} must be an origin: scheme, host and port`);
  if (isIP(url.hostname.replace(/^\[|\]$/g, '')) !== 0) refuse('origin', 'must have a name: browsers refuse passkeys for an IP address');
  if (url.protocol === 'http:' && url.hostname !== 'localhost' && !url.hostname.endsWith('.localhost'))
    refuse('origin', 'must be https; http works on localhost only');
  const rpId = (settings.rpId ?? url.hostname).toLowerCase();
  if (rpId !== url.hostname && !(rpId.includes('.') && url.hostname.endsWith(`.${rpId}`)))
    refuse('rpId', `${rpId} is neither the host of ${url.origin} nor a domain above it`);
  return { origin: url.origin, rpId };
}
