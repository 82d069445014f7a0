import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import type { DeviceStartAnswer, DeviceStartBody } from '../api/contract/control.ts';
import { monotonicMs, sleep } from '../core/clock.ts';
import { ElulmcError } from '../core/errors.ts';
import { asRecord } from '../core/json.ts';
import { readEndpoints } from '../services/installation/endpoints.ts';
import { originOf } from './control-address.ts';
import { ask, problemOf } from './control-client.ts';
import type { Session } from './context.ts';
import { readIdentity } from './identity.ts';
import { interruptible } from './interrupt.ts';
import { checkInstallation, signInWithNewKey } from './sign-in.ts';

/** Longer than the server keeps a code: it says itself when the code has expired. */
const PATIENCE_MS = 11 * 60 * 1000;
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [500, 10_000];
/** The server was asked too often: from then on the pause is longer (RFC 8628, section 3.5). */
const SLOWER_CODES = new Set(['SIGN_IN_SLOW_DOWN', 'SIGN_IN_LIMITED']);
const SLOWER_MS = 5_000;
/** The server is asked again after these too: nobody has confirmed yet, or it is being restarted. */
const WAIT_CODES = new Set(['SIGN_IN_PENDING', 'CONTROL_STANDBY', 'DATABASE_UNAVAILABLE', 'CONTROL_UNREACHABLE']);

function controlOrigin({ context }: Session): string {
  const { environment, home } = context;
  if (environment.controlUrl !== undefined) return originOf(environment.controlUrl, 'ELULMC_URL');
  const known = readEndpoints(home)?.controlUrl ?? readIdentity(home)?.controlUrl;
  if (known === undefined)
    throw new ElulmcError('CONTROL_UNREACHABLE', `no installation runs in ${home.root}; set ELULMC_URL to the control plane, or give a sign-in link`);
  return originOf(known, 'endpoints.json');
}

function startAnswer(value: unknown): DeviceStartAnswer {
  const record = asRecord(value);
  const texts = ['deviceCode', 'userCode', 'verificationUrl', 'expiresAt'].every((name) => typeof record?.[name] === 'string');
  if (!texts || typeof record?.['intervalMs'] !== 'number') throw new ElulmcError('CONTROL_UNREACHABLE', 'what answers there is not a control plane');
  return value as DeviceStartAnswer;
}

/** As the browser shows it: the first 128 bits of the key's id. */
function fingerprint(publicKey: Buffer): string {
  const id = createHash('sha256').update(publicKey).digest('hex');
  return (id.slice(0, 32).match(/.{4}/g) ?? []).join(' ');
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, signal).catch((thrown: unknown) => {
    throw new ElulmcError('INTERRUPTED', 'interrupted; the code can be forgotten', { cause: thrown });
  });
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof ElulmcError ? thrown.code : problemOf(thrown)?.code;
}

/** Asks until somebody has confirmed the code. SIGN_IN_EXPIRED, INTERRUPTED. */
async function awaitConfirmation(origin: string, started: DeviceStartAnswer, signal: AbortSignal): Promise<unknown> {
  const endsMs = monotonicMs() + PATIENCE_MS;
  let pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(SHORTEST_PAUSE_MS, started.intervalMs));
  for (;;) {
    await pause(pauseMs, signal);
    try {
      return await ask({ url: origin, token: '' }, { path: '/v1/sign-in/device/token', body: { deviceCode: started.deviceCode }, signal });
    } catch (thrown) {
      const code = codeOf(thrown) ?? '';
      const isSlower = SLOWER_CODES.has(code);
      if ((!isSlower && !WAIT_CODES.has(code)) || monotonicMs() >= endsMs) throw thrown;
      if (isSlower) pauseMs += SLOWER_MS;
    }
  }
}

/** Signs in without a link: shows a code that its person confirms in a browser where they are signed in. */
export async function signInByDevice(session: Session, options: { readonly name?: string; readonly force?: boolean }): Promise<void> {
  const origin = controlOrigin(session);
  await interruptible(async (signal) => {
    const installationId = await checkInstallation(session, origin, options.force === true, signal);
    await signInWithNewKey(session, { origin, installationId, signal }, async (publicKey) => {
      const body: DeviceStartBody = { name: options.name ?? hostname().slice(0, 100), publicKey: publicKey.toString('base64') };
      const started = startAnswer(await ask({ url: origin, token: '' }, { path: '/v1/sign-in/device', body, signal }));
      session.output.words(`Open         ${started.verificationUrl}`);
      session.output.words(`Code         ${started.userCode}`);
      session.output.words(`Fingerprint  ${fingerprint(publicKey)}`);
      session.output.words('Confirm there only if the browser shows the same code and fingerprint. Nobody else may have this code. Ctrl-C gives up.');
      const progress = session.output.progress();
      progress.text('waiting for the confirmation');
      try {
        return await awaitConfirmation(origin, started, signal);
      } finally {
        progress.end();
      }
    });
  });
}
