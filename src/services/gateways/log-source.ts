import { ElulmcError } from '../../core/errors.ts';
import type { TileSource } from '../../ledger/verify/tile-source.ts';
import { readInternal } from './internal-client.ts';
import type { GatewayLink } from './internal-client.ts';

const TIMEOUT_MS = 5_000;
/** The largest file of a log is a bundle of 256 entries of at most 65,537 bytes. */
const MAX_FILE_BYTES = 256 * 65_537;

/** The public files of one log of a gateway, over its internal listener. */
export function gatewayLogSource(link: GatewayLink, log: string): TileSource {
  return {
    async read(path) {
      const answer = await readInternal(link, `/log/${log}/${path}`, { timeoutMs: TIMEOUT_MS, maxBytes: MAX_FILE_BYTES });
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new ElulmcError('UPSTREAM_UNAVAILABLE', `gateway ${link.name} answered ${String(answer.status)} for ${path} of ${log}`);
      return answer.body;
    },
  };
}
