import { createHash } from 'node:crypto';
import { z } from 'zod';
import { EvidenceError } from '../checks.ts';
import { isExtending, readEventLog } from '../tpm/event-log.ts';
import { jsonOf } from './collateral.ts';

/** Logs that are said to explain the registers of a TD. */
export interface RegisterLogs {
  /** ACPI's CCEL: what firmware and boot loader measured, RTMR0 to RTMR2. */
  readonly ccel: Buffer | undefined;
  /** What ran afterwards: JSON list of `{"imr": 0 to 3, "digest": hex}` in the order of measuring; other members are not read. */
  readonly events: Buffer | undefined;
}

interface RegisterEvent {
  readonly rtmr: number;
  readonly digest: Buffer;
}

const SHA384 = 0x000c;
const DIGEST_BYTES = 48;
const MAX_LOG_BYTES = 4_194_304;
/** Registers that each log tells about even where it has no event for them: then they must be as they were at the start. */
const CCEL_REGISTERS = [0, 1, 2];
const WORKLOAD_REGISTER = 3;
/** CCEL counts MRTD as register 0. */
const FIRST_RTMR = 1;

const eventList = z.array(z.object({ imr: z.int().min(0).max(3), digest: z.string().regex(/^[0-9a-fA-F]{96}$/u) }));

/** Firmware leaves the rest of its table filled with ones. */
function readCcel(bytes: Buffer): readonly RegisterEvent[] {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0xff) end -= 1;
  return readEventLog(bytes.subarray(0, end))
    .filter((event) => isExtending(event) && event.register >= FIRST_RTMR)
    .map(({ register, digests }) => {
      const digest = digests.get(SHA384);
      if (digest?.length !== DIGEST_BYTES) throw new EvidenceError('event-log-mismatch', 'an event has no digest of SHA-384');
      return { rtmr: register - FIRST_RTMR, digest };
    });
}

function readEvents(bytes: Buffer): readonly RegisterEvent[] {
  const parsed = eventList.safeParse(jsonOf(bytes.toString('utf8')));
  if (!parsed.success) throw new EvidenceError('malformed', 'no list of events');
  return parsed.data.map(({ imr, digest }) => ({ rtmr: imr, digest: Buffer.from(digest, 'hex') }));
}

/** EvidenceError: `malformed`; `event-log-mismatch` unless the logs lead to the registers that they tell about. */
export function demandReplay(rtmrs: readonly Buffer[], { ccel, events }: RegisterLogs): void {
  if (Math.max(ccel?.length ?? 0, events?.length ?? 0) > MAX_LOG_BYTES) throw new EvidenceError('malformed', 'a log that is too long');
  const told = new Set([...(ccel === undefined ? [] : CCEL_REGISTERS), ...(events === undefined ? [] : [WORKLOAD_REGISTER])]);
  const values = new Map<number, Buffer>();
  for (const { rtmr, digest } of [...(ccel === undefined ? [] : readCcel(ccel)), ...(events === undefined ? [] : readEvents(events))]) {
    told.add(rtmr);
    values.set(
      rtmr,
      createHash('sha384')
        .update(values.get(rtmr) ?? Buffer.alloc(DIGEST_BYTES))
        .update(digest)
        .digest(),
    );
  }
  for (const rtmr of [...told].sort((a, b) => a - b)) {
    const replayed = (values.get(rtmr) ?? Buffer.alloc(DIGEST_BYTES)).toString('hex');
    const quoted = rtmrs[rtmr]?.toString('hex') ?? 'no such register';
    if (replayed !== quoted)
      throw new EvidenceError('event-log-mismatch', `RTMR${String(rtmr)} is not what the log leads to`, {
        expected: `RTMR${String(rtmr)} ${quoted}`,
        found: `RTMR${String(rtmr)} ${replayed}`,
      });
  }
}
