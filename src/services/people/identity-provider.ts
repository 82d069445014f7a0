import { resolve } from 'node:path';
import * as client from 'openid-client';
import type { Config } from '../../core/config.ts';
import { ElulmcError } from '../../core/errors.ts';
import { readPrivateFile } from '../../core/private-file.ts';
import { roleOfGroups } from './oidc-roles.ts';
import { readable } from './person-keys.ts';
import type { Role } from './roles.ts';

type OidcSettings = NonNullable<Config['signIn']['oidc']>;

/** What an authorization request was made with; checked against the answer. */
export interface PendingOidc {
  readonly redirectUri: string;
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

/** Somebody whom the identity provider has vouched for just now. */
export interface VouchedFor {
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  readonly role: Role;
}

export interface IdentityProvider {
  readonly issuer: string;
  /** Where to send the browser. OIDC_UNAVAILABLE. */
  begin(redirectUri: string): Promise<{ readonly url: string; readonly pending: PendingOidc }>;
  /** `callback` is the whole URL that the browser came back to. OIDC_REFUSED, OIDC_UNAVAILABLE. */
  finish(callback: URL, pending: PendingOidc): Promise<VouchedFor>;
}

const TIMEOUT_S = 10;
const LONGEST_SUBJECT = 255;
const LONGEST_NAME = 100;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

function checkIssuer(issuer: string): URL {
  const url = new URL(issuer);
  if (url.protocol === 'http:' && !LOOPBACK.has(url.hostname))
    throw new ElulmcError('CONFIG_INVALID', `signIn.oidc.issuer: ${issuer} must be https; http works on this host only`, { field: 'signIn.oidc.issuer' });
  return url;
}

function readClientSecret(home: string, file: string | null): string | null {
  if (file === null) return null;
  const path = resolve(home, file);
  const secret = readPrivateFile(path)?.toString('utf8').trim();
  if (secret === undefined || secret === '')
    throw new ElulmcError('CONFIG_INVALID', `signIn.oidc.clientSecretFile: ${path} is missing or empty`, { field: 'signIn.oidc.clientSecretFile' });
  return secret;
}

function messageOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause instanceof Error && thrown.cause.message !== thrown.message ? `: ${thrown.cause.message}` : '';
  return `${thrown.message}${cause}`;
}

/** Whether the provider has answered and said no, or answered what cannot be true. */
function isRefusal(thrown: unknown): boolean {
  if (thrown instanceof client.AuthorizationResponseError) return thrown.error !== 'temporarily_unavailable' && thrown.error !== 'server_error';
  if (thrown instanceof client.ResponseBodyError) return thrown.error === 'invalid_grant' || thrown.error === 'access_denied';
  if (!(thrown instanceof client.ClientError)) return false;
  return /^OAUTH_(INVALID_RESPONSE|JWT_|JSON_|KEY_SELECTION)/.test(thrown.code ?? '');
}

function asOidcError(thrown: unknown): ElulmcError {
  if (thrown instanceof ElulmcError) return thrown;
  return isRefusal(thrown)
    ? new ElulmcError('OIDC_REFUSED', `the answer of the identity provider was not accepted (${messageOf(thrown)})`, { cause: thrown })
    : new ElulmcError('OIDC_UNAVAILABLE', `the identity provider cannot be used (${messageOf(thrown)})`, { cause: thrown });
}

/** A claim as a list of texts: providers send a single group as a text. */
function textsOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) ? claim.filter((each): each is string => typeof each === 'string') : [];
}

function nameOf(claims: Readonly<Record<string, unknown>>): string {
  const given = [claims['name'], claims['preferred_username'], claims['sub']].find((text) => typeof text === 'string' && text.trim() !== '');
  return readable(String(given)).slice(0, LONGEST_NAME);
}

/**
 * OpenID Connect by the authorization code flow with PKCE, state and nonce. The provider is looked up at the first sign-in, so
 * that one that is down keeps nothing else from working. CONFIG_INVALID, KEY_FILE_UNSAFE.
 */
export function openIdentityProvider(settings: OidcSettings, home: string): IdentityProvider {
  const issuer = checkIssuer(settings.issuer);
  const secret = readClientSecret(home, settings.clientSecretFile);
  let discovered: Promise<client.Configuration> | undefined;

  const discover = (): Promise<client.Configuration> =>
    client.discovery(issuer, settings.clientId, {}, secret === null ? client.None() : client.ClientSecretBasic(secret), {
      timeout: TIMEOUT_S,
      // Signatures of ID tokens are checked although they come over TLS.
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- the name warns; checkIssuer lets http through on this host only
      execute: [client.enableNonRepudiationChecks, ...(issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [])],
    });
  const configuration = async (): Promise<client.Configuration> => {
    discovered ??= discover();
    try {
      return await discovered;
    } catch (thrown) {
      discovered = undefined;
      throw thrown;
    }
  };

  /** Claims of the ID token; what is missing there comes from the userinfo endpoint. */
  async function claimsOf(config: client.Configuration, tokens: Awaited<ReturnType<typeof client.authorizationCodeGrant>>): Promise<Record<string, unknown>> {
    const claims = tokens.claims();
    if (claims === undefined) throw new ElulmcError('OIDC_REFUSED', 'the identity provider sent no ID token');
    const complete = claims[settings.rolesClaim] !== undefined && claims['name'] !== undefined;
    if (complete || config.serverMetadata().userinfo_endpoint === undefined) return claims;
    return { ...(await client.fetchUserInfo(config, tokens.access_token, claims.sub)), ...claims };
  }

  return {
    issuer: settings.issuer,
    begin: async (redirectUri) => {
      try {
        const config = await configuration();
        const pending = { redirectUri, state: client.randomState(), nonce: client.randomNonce(), codeVerifier: client.randomPKCECodeVerifier() };
        const url = client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          scope: settings.scopes,
          state: pending.state,
          nonce: pending.nonce,
          code_challenge: await client.calculatePKCECodeChallenge(pending.codeVerifier),
          code_challenge_method: 'S256',
        });
        return { url: url.href, pending };
      } catch (thrown) {
        throw asOidcError(thrown);
      }
    },
    finish: async (callback, pending) => {
      try {
        const config = await configuration();
        const url = new URL(pending.redirectUri);
        url.search = callback.search;
        const tokens = await client.authorizationCodeGrant(config, url, {
          pkceCodeVerifier: pending.codeVerifier,
          expectedState: pending.state,
          expectedNonce: pending.nonce,
          idTokenExpected: true,
        });
        const claims = await claimsOf(config, tokens);
        const subject = String(claims['sub']);
        if (subject === '' || subject.length > LONGEST_SUBJECT) throw new ElulmcError('OIDC_REFUSED', 'the subject has no acceptable length');
        if (settings.rolesClaim === 'email' && claims['email_verified'] !== true)
          throw new ElulmcError('OIDC_REFUSED', 'the identity provider has not verified the e-mail address that the role follows');
        const role = roleOfGroups(textsOf(claims[settings.rolesClaim]), settings.roles);
        return { issuer: settings.issuer, subject, name: nameOf(claims), role };
      } catch (thrown) {
        throw asOidcError(thrown);
      }
    },
  };
}
