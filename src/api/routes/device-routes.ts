import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { ElulmcError } from '../../core/errors.ts';
import { parseFields } from '../../operations/parse-fields.ts';
import { createPollPace } from '../../services/people/poll-pace.ts';
import { createAttemptLimit } from '../attempt-limit.ts';
import { authenticatePerson } from '../authentication.ts';
import type { DeviceAnswer, DeviceStartAnswer, KeyAnswer, SignInAnswer } from '../contract/control.ts';
import type { BrowserRouteOptions } from './browser-route-options.ts';
import { nameField, publicKeyField, shownPerson } from './sign-in-routes.ts';

const INTERVAL_MS = 2_000;
/** A little less, for networks that bunch requests up. */
const LEAST_INTERVAL_MS = 1_500;
const MOST_POLLERS = 10_000;
/** A command line that keeps to the interval asks 30 times a minute; several may sit behind one address. */
const POLLS_PER_MINUTE = 300;

const begun = z.strictObject({ name: nameField.default('command line'), publicKey: publicKeyField });
const polled = z.strictObject({ deviceCode: z.string().regex(/^dev_[A-Za-z0-9_-]{43}$/, 'is not a device code') });
const decided = z.strictObject({ userCode: z.string().min(1).max(20) });

/** After the manner of RFC 8628: a command line shows a code, and its person confirms it in a browser. */
export function registerDeviceRoutes(app: FastifyInstance, options: BrowserRouteOptions): void {
  const { authenticate, devices, signIns, site } = options;
  const attemptsPerMinute = options.attemptsPerMinute ?? 10;
  const countBegin = createAttemptLimit(attemptsPerMinute);
  const countPoll = createAttemptLimit(POLLS_PER_MINUTE);
  const keepPace = createPollPace(LEAST_INTERVAL_MS, MOST_POLLERS);
  /** By person: codes are short enough to be guessed by somebody who may try for long. */
  const countCode = createAttemptLimit(attemptsPerMinute);

  app.post('/v1/sign-in/device', async (request): Promise<DeviceStartAnswer> => {
    countBegin(request.ip);
    const { name, publicKey } = parseFields(begun, request.body);
    const { deviceCode, userCode, keyId, expiresAt } = await devices.begin(publicKey, name);
    return { deviceCode, userCode, keyId, verificationUrl: `${site().origin}/device?code=${userCode}`, intervalMs: INTERVAL_MS, expiresAt };
  });
  app.post('/v1/sign-in/device/token', async (request): Promise<SignInAnswer> => {
    countPoll(request.ip);
    const { deviceCode } = parseFields(polled, request.body);
    keepPace(deviceCode);
    const { person, token } = await signIns.takeDevice(deviceCode);
    return { person: shownPerson(person), token };
  });

  app.post('/v1/sign-in/device/find', async (request): Promise<DeviceAnswer> => {
    const person = await authenticatePerson(authenticate, request);
    countCode(person.id);
    const device = await devices.find(parseFields(decided, request.body).userCode);
    if (device === undefined) throw new ElulmcError('SIGN_IN_EXPIRED', 'the code is unknown, was decided about or is older than 10 minutes');
    return { name: device.label, keyId: device.keyId, expiresAt: device.expiresAt };
  });
  app.post('/v1/sign-in/device/confirm', async (request): Promise<KeyAnswer> => {
    const person = await authenticatePerson(authenticate, request);
    countCode(person.id);
    const { id } = await signIns.confirmDevice(parseFields(decided, request.body).userCode, person.id);
    return { key: id };
  });
  app.post('/v1/sign-in/device/refuse', async (request) => {
    const person = await authenticatePerson(authenticate, request);
    countCode(person.id);
    await signIns.refuseDevice(parseFields(decided, request.body).userCode, person.id);
    return {};
  });
}
