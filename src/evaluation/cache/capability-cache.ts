import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../../core/atomic-file.ts';
import { PROBE_VERSION } from '../client/prompt-capability.ts';
import type { PromptCapability } from '../client/prompt-capability.ts';
import { PROMPT_METHODS } from '../client/prompt-logprobs.ts';
import { identityDigest } from '../client/server-identity.ts';
import type { ServerIdentity } from '../client/server-identity.ts';

const capabilityShape = z.object({
  probe: z.literal(PROBE_VERSION),
  method: z.enum(PROMPT_METHODS).nullable(),
  attempts: z.array(z.object({ method: z.enum(PROMPT_METHODS), outcome: z.enum(['works', 'refused', 'wrong']), reason: z.string() })),
});

function readStored(path: string): PromptCapability | undefined {
  try {
    return capabilityShape.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * What an earlier probe found for this upstream, model and server version, else the result of `probe`, which is kept under
 * `folder`. A server that does not tell its version is probed each time: nothing would show that it changed.
 */
export async function capabilityOnce(folder: string, identity: ServerIdentity, probe: () => Promise<PromptCapability>): Promise<PromptCapability> {
  if (identity.version === null) return probe();
  const path = join(folder, `capability-${identityDigest(identity).slice(0, 32)}.json`);
  const stored = readStored(path);
  if (stored !== undefined) return stored;
  const found = await probe();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  replaceFile(path, `${JSON.stringify(found)}\n`);
  return found;
}
