import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { SignInAnswer, SignInBody } from '../api/contract/control.ts';
import { replaceFile } from '../core/atomic-file.ts';
import { wallAt } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { isId, newId } from '../core/ids.ts';
import { asRecord } from '../core/json.ts';
import { originOf } from './control-address.ts';
import { ask } from './control-client.ts';
import type { Session } from './context.ts';
import { readIdentity, writeIdentity } from './identity.ts';
import { interruptible } from './interrupt.ts';
import { sayUnreviewed } from './unreviewed.ts';

interface Link {
  readonly origin: string;
  readonly secret: string;
}

/** USAGE when it is not a sign-in link; the link is never shown, for it holds the secret. */
function readLink(text: string): Link {
  const origin = originOf(text, 'LINK');
  const secret = /^\/sign-in\/([A-Za-z0-9_-]{16,200})$/.exec(new URL(text).pathname)?.[1];
  if (secret === undefined) throw new ElulmcError('USAGE', 'LINK is not a sign-in link: http://HOST:PORT/sign-in/SECRET', { field: 'link' });
  return { origin, secret };
}

function signInAnswer(value: unknown): SignInAnswer {
  const record = asRecord(value);
  const person = asRecord(record?.['person']);
  if (typeof record?.['token'] !== 'string' || typeof person?.['id'] !== 'string' || !isId('per', person['id'])) {
    throw new ElulmcError('CONTROL_UNREACHABLE', 'what answers there is not a control plane');
  }
  return value as SignInAnswer;
}

async function installationAt(origin: string, signal: AbortSignal): Promise<string> {
  const health = asRecord(await ask({ url: origin, token: '' }, { path: '/health', signal }));
  if (typeof health?.['installationId'] !== 'string') throw new ElulmcError('CONTROL_UNREACHABLE', 'what answers there is not a control plane');
  return health['installationId'];
}

/** CONFLICT when somebody is signed in at another installation, unless `force`. */
export async function checkInstallation(session: Session, origin: string, force: boolean, signal: AbortSignal): Promise<string> {
  const installationId = await installationAt(origin, signal);
  const earlier = readIdentity(session.context.home);
  if (earlier !== undefined && earlier.installationId !== installationId && !force) {
    throw new ElulmcError(
      'CONFLICT',
      `${earlier.name} is signed in at ${earlier.controlUrl}, another installation; --force replaces that, another ELULMC_HOME keeps both`,
    );
  }
  return installationId;
}

/**
 * Makes an Ed25519 key (0600, in keys/), lets `exchange` send its public half, and keeps whom that signed in: the key under
 * their id, and identity.json (0600). Nothing is left behind when it fails.
 */
export async function signInWithNewKey(
  session: Session,
  at: { readonly origin: string; readonly installationId: string; readonly signal: AbortSignal },
  exchange: (publicKey: Buffer) => Promise<unknown>,
): Promise<void> {
  const { home } = session.context;
  mkdirSync(home.keys, { recursive: true, mode: 0o700 });
  const draft = join(home.keys, `sign-in-${newId('key')}.pem`);
  try {
    const pair = generateKeyPairSync('ed25519');
    replaceFile(draft, pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
    const { person, token } = signInAnswer(await exchange(pair.publicKey.export({ type: 'spki', format: 'der' })));
    const keyFile = join(home.keys, `${person.id}.pem`);
    renameSync(draft, keyFile);
    writeIdentity(home, {
      v: 1,
      installationId: at.installationId,
      controlUrl: at.origin,
      personId: person.id,
      name: person.name,
      role: person.role,
      token,
      keyFile,
      signedInAt: wallAt(),
    });
    if (session.output.json) session.output.object({ person, controlUrl: at.origin, keyFile });
    else session.output.data(`${person.id}  ${person.name}  ${person.role}`);
    session.output.words(`Signed in. Your key is ${keyFile}: it never leaves this machine, and approvals are signed with it.`);
    await sayUnreviewed(session, { url: at.origin, token }, at.signal);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Redeems the link. Nothing is redeemed when somebody is signed in at another installation, unless `force`. */
export async function signIn(session: Session, text: string, options: { readonly name?: string; readonly force?: boolean }): Promise<void> {
  const link = readLink(text);
  const name = options.name ?? userInfo().username;
  await interruptible(async (signal) => {
    const installationId = await checkInstallation(session, link.origin, options.force === true, signal);
    await signInWithNewKey(session, { origin: link.origin, installationId, signal }, async (publicKey) => {
      const body: SignInBody = { secret: link.secret, name, publicKey: publicKey.toString('base64') };
      return await ask({ url: link.origin, token: '' }, { path: '/v1/sign-in', body, signal });
    });
  });
}
