import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FILES, newModel } from '../../artifacts/signing/signed-models.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { locally, newServices } from './verification-bench.ts';

const TOOLS = ['openssl', 'jq', 'base64', 'stat'];
const missing = TOOLS.filter((tool) => spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0);

/** Section 6 of docs/formats/model-signature.md, with files of ours. */
const LINES = `
jq -r .dsseEnvelope.payload model.sig | base64 -d > payload
jq -r '.dsseEnvelope.signatures[0].sig' model.sig | base64 -d > sig.der
{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$(stat -c %s payload)"; cat payload; } > signed
openssl dgst -sha256 -verify key.pem -signature sig.der signed
`;

test.skipIf(missing.length > 0)(`a signature verifies with standard tools alone (skipped without ${TOOLS.join(', ')})`, async () => {
  const folder = temporaryFolder('tools');
  const { output } = await locally(newServices(), 'sign-model', { model: newModel(FILES) });
  const { signature, publicKeyFile, keyHint } = output as { signature: string; publicKeyFile: string; keyHint: string };
  writeFileSync(join(folder, 'model.sig'), readFileSync(signature));
  writeFileSync(join(folder, 'key.pem'), readFileSync(publicKeyFile));
  const run = (lines: string): string => execFileSync('sh', ['-ec', lines], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  expect(run(LINES).trim()).toBe('Verified OK');
  const guide = readFileSync(new URL('../../../docs/formats/model-signature.md', import.meta.url), 'utf8');
  for (const line of LINES.trim().split('\n')) expect(guide).toContain(line);
  expect(run('openssl dgst -sha256 -r key.pem').slice(0, 64)).toBe(keyHint);
  const payload = readFileSync(join(folder, 'payload'));
  payload[payload.length >> 1] = (payload[payload.length >> 1] ?? 0) ^ 1;
  writeFileSync(join(folder, 'changed'), payload);
  const failure = spawnSync('sh', ['-ec', LINES.replace('> payload\n', '> unused\ncp changed payload\n')], { cwd: folder, encoding: 'utf8' });
  expect([failure.status, failure.stdout.trim()]).toEqual([1, 'Verification failure']);
});
