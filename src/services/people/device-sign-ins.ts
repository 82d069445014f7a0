import { randomInt } from 'node:crypto';
import { wallAt, wallMs } from '../../core/clock.ts';
import { ElulmcError } from '../../core/errors.ts';
import type { Database } from '../../store/database.ts';
import { decideDevice, deleteDecidedDevice, dropExpiredDevices, findDevice, findOpenDevice, insertDevice } from '../../store/device-sign-in-rows.ts';
import type { DeviceSignInRow } from '../../store/device-sign-in-rows.ts';
import { findKey } from '../../store/person-key-rows.ts';
import { addBearerToken, asPerson, lockActive } from './people-service.ts';
import { addKeyTo, canonicalEd25519, checkLabel, keyIdOf } from './person-keys.ts';
import { newSecret, sha256 } from './secrets.ts';
import type { Person, PersonKey } from './service.ts';

const VALID_MS = 10 * 60 * 1000;
const MAX_WAITING = 1_000;
/** No vowels, so that no words come out, and no letters that look or sound like another. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const CODE_LENGTH = 8;

/** A command line that waits until its person has confirmed its code in a browser. */
export interface WaitingDevice {
  /** Name of the machine. */
  readonly label: string;
  /** Id of its key: the fingerprint that both screens show. */
  readonly keyId: string;
  readonly expiresAt: string;
}

export interface DeviceSignIns {
  /** `deviceCode` is for the command line, `userCode` (`BCDF-GHJK`) for its person. FIELD_INVALID, SIGN_IN_LIMITED. */
  begin(
    publicKey: string,
    label: string,
  ): Promise<{ readonly deviceCode: string; readonly userCode: string; readonly keyId: string; readonly expiresAt: string }>;
  /** Undefined when the code is unknown, decided about or too old. */
  find(userCode: string): Promise<WaitingDevice | undefined>;
  /** Registers the device's key for the person. SIGN_IN_EXPIRED; CONFLICT when the key is another person's. */
  confirm(userCode: string, personId: string): Promise<PersonKey>;
  /** Idempotent. */
  refuse(userCode: string): Promise<void>;
  /** Id of who confirmed it; takes nothing. SIGN_IN_PENDING, SIGN_IN_EXPIRED. */
  confirmedFor(deviceCode: string): Promise<string>;
  /** A token for the command line, once. SIGN_IN_PENDING, SIGN_IN_EXPIRED. */
  take(deviceCode: string): Promise<{ readonly person: Person; readonly token: string }>;
}

function newUserCode(): string {
  const letters = Array.from({ length: CODE_LENGTH }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
  return `${letters.slice(0, 4)}-${letters.slice(4)}`;
}

/** As people type it: small letters, spaces, without the dash. */
function userSha256(userCode: string): string {
  return sha256(userCode.toUpperCase().replaceAll(/[^A-Z]/g, ''));
}

function expired(): ElulmcError {
  return new ElulmcError('SIGN_IN_EXPIRED', 'the code is unknown, was decided about or is older than 10 minutes');
}

function pending(): ElulmcError {
  return new ElulmcError('SIGN_IN_PENDING', 'nobody has confirmed the code yet');
}

/** Who confirmed it. SIGN_IN_PENDING, SIGN_IN_EXPIRED. */
function confirmedBy(row: DeviceSignInRow | undefined): string {
  if (row?.decidedAt === null) throw pending();
  if (row === undefined || row.person === null) throw expired();
  return row.person;
}

/** In the database, so that a restart of the control plane loses none; codes are stored as SHA-256 only. */
export function createDeviceSignIns(database: Database): DeviceSignIns {
  return {
    async begin(given, label) {
      checkLabel(label, 'name');
      const publicKey = canonicalEd25519(given);
      const [deviceCode, userCode] = [newSecret('dev'), newUserCode()];
      const expiresAt = new Date(wallMs() + VALID_MS).toISOString();
      await database.transaction(async (statements) => {
        if ((await dropExpiredDevices(statements, wallAt())) >= MAX_WAITING) throw new ElulmcError('SIGN_IN_LIMITED', 'too many command lines wait');
        await insertDevice(statements, {
          deviceSha256: sha256(deviceCode),
          userSha256: userSha256(userCode),
          publicKey,
          label,
          createdAt: wallAt(),
          expiresAt,
          person: null,
          decidedAt: null,
        });
      });
      return { deviceCode, userCode, keyId: keyIdOf(publicKey), expiresAt };
    },
    async find(userCode) {
      const row = await database.run((statements) => findOpenDevice(statements, userSha256(userCode), wallAt()));
      return row === undefined ? undefined : { label: row.label, keyId: keyIdOf(row.publicKey), expiresAt: row.expiresAt };
    },
    async confirm(userCode, personId) {
      return await database.transaction(async (statements) => {
        await lockActive(statements, personId);
        const row = await decideDevice(statements, userSha256(userCode), personId, wallAt());
        if (row === undefined) throw expired();
        return await addKeyTo(statements, personId, { publicKey: row.publicKey, credential: null, label: row.label }, wallAt());
      });
    },
    async refuse(userCode) {
      await database.transaction((statements) => decideDevice(statements, userSha256(userCode), null, wallAt()));
    },
    async confirmedFor(deviceCode) {
      return confirmedBy(await database.run((statements) => findDevice(statements, sha256(deviceCode), wallAt())));
    },
    async take(deviceCode) {
      return await database.transaction(async (statements) => {
        const row = await deleteDecidedDevice(statements, sha256(deviceCode), wallAt());
        if (row === undefined && (await findDevice(statements, sha256(deviceCode), wallAt())) !== undefined) throw pending();
        const person = asPerson(await lockActive(statements, confirmedBy(row)));
        const key = await findKey(statements, keyIdOf(row?.publicKey ?? ''));
        if (key?.removedAt !== null) throw expired();
        return { person, token: await addBearerToken(statements, person.id, key.id) };
      });
    },
  };
}
