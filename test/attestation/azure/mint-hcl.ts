import { createHash } from 'node:crypto';
import type { Keys } from '../mint-certificates.ts';
import { mintReport } from '../mint-snp.ts';
import type { SnpChain } from '../mint-snp.ts';

/** What the paravisor says, with the key of its vTPM; `jwk` changes members of the key. */
export function mintRuntimeData({ publicKey }: Pick<Keys, 'publicKey'>, jwk: Readonly<Record<string, unknown>> = {}): Buffer {
  const key = { kid: 'HCLAkPub', key_ops: ['sign'], ...publicKey.export({ format: 'jwk' }), ...jwk };
  return Buffer.from(JSON.stringify({ keys: [key], 'vm-configuration': { 'secure-boot': true } }));
}

/** The report of a paravisor of Milan that passes; `bound`: the runtime data that the SNP report proves. */
export function mintHclReport(chain: SnpChain, runtime: Buffer, bound = runtime): Buffer {
  const report = mintReport('milan', chain.vek.keys, (bytes) => {
    bytes.fill(0, 0x50, 0x90);
    createHash('sha256').update(bound).digest().copy(bytes, 0x50);
  });
  const head = Buffer.alloc(32);
  head.write('HCLA', 'latin1');
  [1, 1236 + runtime.length, 2].forEach((value, i) => head.writeUInt32LE(value, 4 + 4 * i));
  const data = Buffer.alloc(20);
  [20 + runtime.length, 1, 2, 1, runtime.length].forEach((value, i) => data.writeUInt32LE(value, 4 * i));
  return Buffer.concat([head, report, data, runtime, Buffer.alloc(2600 - 1236 - runtime.length)]);
}
