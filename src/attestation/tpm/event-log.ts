import { EvidenceError } from '../checks.ts';

const NO_ACTION = 3;
const SHA1_BYTES = 20;
const SPEC_ID = Buffer.from('Spec ID Event03\0', 'latin1');
const STARTUP_LOCALITY = Buffer.from('StartupLocality\0', 'latin1');
const MAX_BANKS = 16;
const MAX_DIGEST_BYTES = 64;
const MAX_EVENTS = 200_000;

/** One measured event. */
export interface LoggedEvent {
  /** PCR; in confidential VMs the number of a measurement register. */
  readonly register: number;
  readonly type: number;
  /** Digest by algorithm identifier. */
  readonly digests: ReadonlyMap<number, Buffer>;
  readonly data: Buffer;
}

/** Reads little-endian values; EvidenceError `malformed` as soon as bytes are missing. */
class LogReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Buffer {
    if (length > this.#bytes.length - this.#at) throw new EvidenceError('malformed', 'the event log ends inside of an event');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }
}

/** Digest sizes by algorithm, as the first record names them. */
function readBanks(log: LogReader): ReadonlyMap<number, number> {
  log.u32();
  if (log.u32() !== NO_ACTION) throw new EvidenceError('malformed', 'the event log does not begin with its description');
  log.take(SHA1_BYTES);
  const description = new LogReader(log.take(log.u32()));
  if (!description.take(SPEC_ID.length).equals(SPEC_ID)) throw new EvidenceError('malformed', 'the event log is not in the crypto-agile form');
  description.take(8);
  const count = description.u32();
  if (count === 0 || count > MAX_BANKS) throw new EvidenceError('malformed', `an event log of ${String(count)} banks`);
  const banks = new Map<number, number>();
  for (let i = 0; i < count; i += 1) {
    const algorithm = description.u16();
    const size = description.u16();
    if (size === 0 || size > MAX_DIGEST_BYTES || banks.has(algorithm)) throw new EvidenceError('malformed', 'the description of the event log');
    banks.set(algorithm, size);
  }
  return banks;
}

function readEvent(log: LogReader, banks: ReadonlyMap<number, number>): LoggedEvent {
  const register = log.u32();
  const type = log.u32();
  const count = log.u32();
  if (count > banks.size) throw new EvidenceError('malformed', 'an event has more digests than the log has banks');
  const digests = new Map<number, Buffer>();
  for (let i = 0; i < count; i += 1) {
    const algorithm = log.u16();
    const size = banks.get(algorithm);
    if (size === undefined || digests.has(algorithm)) throw new EvidenceError('malformed', 'an event has a digest of an unknown or repeated bank');
    digests.set(algorithm, log.take(size));
  }
  return { register, type, digests, data: log.take(log.u32()) };
}

/**
 * The events of a log in the crypto-agile form (TCG PC Client Platform Firmware Profile, section 10), without its first record.
 * EvidenceError `malformed`, also when bytes follow that are no event.
 */
export function readEventLog(bytes: Buffer): readonly LoggedEvent[] {
  const log = new LogReader(bytes);
  const banks = readBanks(log);
  const events: LoggedEvent[] = [];
  while (!log.isAtEnd) {
    if (events.length === MAX_EVENTS) throw new EvidenceError('malformed', `more than ${String(MAX_EVENTS)} events`);
    events.push(readEvent(log, banks));
  }
  return events;
}

/** Whether the event extends its register. The others only say something about the log. */
export function isExtending({ type }: LoggedEvent): boolean {
  return type !== NO_ACTION;
}

/** The locality that the TPM was started from, which PCR 0 begins with; undefined: this event does not say it. */
export function startupLocalityIn({ type, data, register }: LoggedEvent): number | undefined {
  const isLocality = type === NO_ACTION && register === 0 && data.length === STARTUP_LOCALITY.length + 1;
  return isLocality && data.subarray(0, STARTUP_LOCALITY.length).equals(STARTUP_LOCALITY) ? data[STARTUP_LOCALITY.length] : undefined;
}
