import { createHash, generateKeyPairSync } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { newId } from '../../../src/core/ids.ts';
import { personWith } from '../../fixtures/operation-services.ts';
import { registryBench } from '../registry-bench.ts';
import type { RegistryBench } from '../registry-bench.ts';

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');
/** OMS root of files in the order given. */
const rootOf = (...texts: readonly string[]): string => sha256(Buffer.concat(texts.map((text) => createHash('sha256').update(text).digest())));

let bench: RegistryBench;
beforeEach(() => {
  bench = registryBench();
});
afterEach(() => {
  bench.remove();
});

const register = (input: object, given?: Parameters<RegistryBench['call']>[2]) =>
  bench.call('deployment register-model', { name: 'demo', version: '1', ...input }, given);

describe('what is refused', () => {
  test.each([
    [{ name: 'a@b' }, 'name'],
    [{ name: '../up' }, 'name'],
    [{ name: 'mdl_abc' }, 'name'],
    [{ name: 'a'.repeat(64) }, 'name'],
    [{ version: '' }, 'version'],
    [{ version: '..' }, 'version'],
    [{ version: 'a/b' }, 'version'],
    [{ dataset: [''] }, 'dataset.0'],
    [{ licence: 'x'.repeat(501) }, 'licence'],
  ])('%j', async (input, field) => {
    await expect(register({ model: bench.write('demo'), ...input })).rejects.toMatchObject({ code: 'FIELD_INVALID', field });
  });

  test('a path where nothing is, an empty folder, and a parent that nobody knows', async () => {
    await expect(register({ model: join(bench.folder, 'none') })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'model' });
    mkdirSync(join(bench.folder, 'empty'));
    await expect(register({ model: join(bench.folder, 'empty') })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'model' });
    await expect(register({ model: bench.write('demo'), parent: ['base@1'] })).rejects.toMatchObject({ code: 'NOT_FOUND', field: 'parent' });
  });

  test('symbolic links, in and out of the folder', async () => {
    for (const [name, target] of [
      ['out', '/etc/hostname'],
      ['in', 'weights.bin'],
      ['broken', 'nothing'],
    ] as const) {
      symlinkSync(target, join(bench.write(name), 'link.bin'));
      await expect(register({ model: join(bench.folder, name) }), name).rejects.toMatchObject({
        code: 'FIELD_INVALID',
        field: 'model',
        message: expect.stringMatching(/link\.bin.*cp -rL/) as string,
      });
    }
  });

  test('a role that may not, and files of the host for who may not have them read', async () => {
    const model = bench.write('demo');
    await expect(register({ model }, { actor: personWith('viewer') })).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
    expect(await bench.services.registry.list()).toEqual([]);
  });

  test('a parent that is named twice', async () => {
    await bench.register('base', '1');
    await expect(register({ model: bench.write('demo'), parent: ['base@1', 'base'] })).rejects.toMatchObject({ code: 'FIELD_INVALID', field: 'parent' });
  });
});

describe('a registration', () => {
  test('says what it would do, and then has done it, by the digest of the files in path order', async () => {
    const base = await bench.register('base', '1');
    const model = bench.write('demo', { 'sub-b.txt': 'two', 'sub/a.txt': 'one', '.git/HEAD': 'not a part of it' });
    const digest = rootOf('one', 'two');
    const input = { model, parent: ['base'], dataset: ['tickets 2026'], trainingRun: 'run 7', licence: 'Apache-2.0' };
    const planned = await register(input, { dryRun: true });
    expect(planned.plan.changes).toEqual([
      `register demo@1: digest ${digest}, 2 files, 6 bytes, kept at ${model}, without a signature`,
      `made from base@1 (${String(base['id'])})`,
    ]);
    expect(planned.plan.touches).toEqual([{ object: 'model:demo@1', version: expect.stringMatching(/^[0-9a-f]{64}$/) as string }]);
    expect(await bench.services.registry.byDigest(digest)).toBeUndefined();
    const { output, summary } = await register(input);
    expect(output).toMatchObject({
      ...{ name: 'demo', version: '1', digest, location: model, imported: false, files: 2, bytes: 6, signature: null, stage: 'registered' },
      ...{
        parents: [base['id']],
        datasets: ['tickets 2026'],
        trainingRun: 'run 7',
        licence: 'Apache-2.0',
        owner: bench.operator.id,
        registeredBy: bench.operator.id,
      },
    });
    expect(summary).toContain(`demo@1 is registered (${(output as { id: string }).id}): digest ${digest}`);
    expect(await bench.services.registry.manifest((output as { id: string }).id)).toEqual([
      { name: 'sub/a.txt', sha256: sha256('one') },
      { name: 'sub-b.txt', sha256: sha256('two') },
    ]);
    expect(bench.ledger.entries.at(-1)).toMatchObject({ kind: 'operation.done', outcome: 'ok', data: { summary } });
  });

  test('one file is a model too', async () => {
    writeFileSync(join(bench.folder, 'one.gguf'), 'weights');
    expect((await register({ model: join(bench.folder, 'one.gguf') })).output).toMatchObject({ digest: rootOf('weights'), files: 1, bytes: 7 });
  });

  test('the owner, who may be a person, is not in the ledger', async () => {
    const { output } = await register({ model: bench.write('demo'), owner: 'Erika Mustermann' });
    expect(output).toMatchObject({ owner: 'Erika Mustermann' });
    expect(JSON.stringify(bench.ledger.entries)).not.toContain('Mustermann');
  });

  test('is made once under its run id, and a second one says what stands there', async () => {
    const model = bench.write('demo');
    const runId = newId('run');
    const first = await register({ model }, { runId });
    expect((await register({ model }, { runId })).output).toEqual(first.output);
    await expect(register({ model, version: '2' })).rejects.toMatchObject({
      code: 'CONFLICT',
      field: 'model',
      message: expect.stringContaining('demo@1') as string,
    });
    writeFileSync(join(model, 'weights.bin'), 'other');
    await expect(register({ model })).rejects.toMatchObject({ code: 'CONFLICT', field: 'version' });
    expect(await bench.services.registry.list()).toHaveLength(1);
  });

  test('that was interrupted after its effect plans nothing more, and gives the same version', async () => {
    const { registerModel } = await import('../../../src/operations/deployment/register-model.ts');
    const { contextOf } = await import('../../fixtures/operation-services.ts');
    const { parseFields } = await import('../../../src/operations/parse-fields.ts');
    const input = parseFields(registerModel.input, { model: bench.write('demo'), name: 'demo', version: '1' });
    const context = contextOf(bench.services);
    const first = await registerModel.perform(context, input);
    expect((await registerModel.plan(context, input)).changes).toEqual([]);
    expect((await registerModel.perform(context, input)).output).toEqual(first.output);
  });
});

describe('an import', () => {
  test('is a copy with the same digest, and nothing else is left', async () => {
    const model = bench.write('source', { 'weights.bin': 'w', 'a/b/c.txt': 'deep' });
    const { output } = await register({ model, import: true });
    const folder = join(bench.services.home.models, 'demo', '1');
    expect(output).toMatchObject({ imported: true, location: folder, digest: rootOf('deep', 'w') });
    expect(readFileSync(join(folder, 'a/b/c.txt'), 'utf8')).toBe('deep');
    expect(readdirSync(join(bench.services.home.models, 'demo'))).toEqual(['1']);
  });

  test('of one file keeps its name', async () => {
    writeFileSync(join(bench.folder, 'one.gguf'), 'weights');
    const { output } = await register({ model: join(bench.folder, 'one.gguf'), import: true });
    expect(output).toMatchObject({ location: join(bench.services.home.models, 'demo', '1', 'one.gguf'), digest: rootOf('weights') });
  });

  test('goes on after a crash: half a copy is made anew, a whole one is taken as it is', async () => {
    const model = bench.write('source', { 'weights.bin': 'w' });
    const place = join(bench.services.home.models, 'demo');
    mkdirSync(join(place, '.1.import'), { recursive: true });
    writeFileSync(join(place, '.1.import', 'half.bin'), 'h');
    mkdirSync(join(place, '2'));
    writeFileSync(join(place, '2', 'weights.bin'), 'w2');
    await register({ model, import: true });
    expect(readdirSync(place).toSorted()).toEqual(['1', '2']);
    expect(readdirSync(join(place, '1'))).toEqual(['weights.bin']);
    writeFileSync(join(model, 'weights.bin'), 'w2');
    expect((await register({ model, version: '2', import: true })).output).toMatchObject({ location: join(place, '2') });
  });

  test('never writes over other files', async () => {
    const folder = join(bench.services.home.models, 'demo', '1');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'weights.bin'), 'something else');
    await expect(register({ model: bench.write('source'), import: true })).rejects.toMatchObject({ code: 'CONFLICT', field: 'import' });
    expect(readFileSync(join(folder, 'weights.bin'), 'utf8')).toBe('something else');
  });
});

describe('a signature', () => {
  const key = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = (name: string, other = key): string => {
    const path = join(bench.folder, name);
    writeFileSync(path, other.publicKey.export({ type: 'spki', format: 'pem' }));
    return path;
  };
  async function signed(name: string): Promise<{ readonly model: string; readonly signature: string; readonly digest: string }> {
    const model = bench.write(name);
    const { output } = await bench.call('security sign-model', { model });
    const { signature, digest } = output as { signature: string; digest: string };
    return { model, signature, digest };
  }

  test('of the installation itself holds, is kept, and changes nothing about the digest', async () => {
    const { model, signature, digest } = await signed('demo');
    const { output } = await register({ model, signature });
    const bytes = readFileSync(signature);
    expect(output).toMatchObject({
      digest,
      files: 2,
      signature: { sha256: sha256(bytes), mode: 'key', signer: expect.stringMatching(/^[0-9a-f]{64}$/) as string },
    });
    expect(readFileSync(join(bench.services.home.content, sha256(bytes)))).toEqual(bytes);
  });

  test('that does not hold, for another key or after a change, is refused with exit 7', async () => {
    const { model, signature } = await signed('demo');
    await expect(register({ model, signature, publicKey: pem('other.pem') })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      field: 'signature',
      row: { exit: 7 },
    });
    writeFileSync(join(model, 'weights.bin'), 'changed');
    await expect(register({ model, signature })).rejects.toMatchObject({
      code: 'SIGNATURE_INVALID',
      message: expect.stringContaining('weights.bin') as string,
    });
    expect(await bench.services.registry.list()).toEqual([]);
    expect(existsSync(join(bench.services.home.content, sha256(readFileSync(signature))))).toBe(false);
  });

  test('of somebody whom nobody trusts, and a key without a signature, are no answers', async () => {
    const { model, signature } = await signed('demo');
    const strange = JSON.parse(readFileSync(signature, 'utf8')) as { verificationMaterial: { publicKey: { hint: string } } };
    strange.verificationMaterial.publicKey.hint = 'f'.repeat(64);
    writeFileSync(signature, JSON.stringify(strange));
    await expect(register({ model, signature })).rejects.toMatchObject({
      code: 'USAGE',
      field: 'signature',
      message: expect.stringContaining('model-signers') as string,
    });
    await expect(register({ model, publicKey: pem('key.pem') })).rejects.toMatchObject({ code: 'USAGE', field: 'signature' });
  });
});
