import { gzipSync } from 'node:zlib';
import SevenZip from '7z-wasm';
import { expect, test } from 'vitest';
import { makeTar } from '../archives/make-tar.ts';
import { makeZip } from '../archives/make-zip.ts';
import { code, pickle, proto, SYSTEM, SYSTEM_0 } from '../pickle/assembler.ts';
import { CLEAN, EVIL, scanWhole, testBypasses, torchZip } from './bypass.ts';

const PT = { name: 'model.pt' };
const CALL = 'pickle-dangerous-call';
const clean = torchZip(CLEAN);
const evil = torchZip(EVIL);
const OBJECTS = ((): Buffer => {
  const header = Buffer.from("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".padEnd(117) + '\n');
  return code('\x93NUMPY', Buffer.from([1, 0, header.length, 0]), header);
})();
const plain = (data: Buffer, name = 'archive/data.pkl') => ({ name, data });
const other = (fields: object) => ({ data: EVIL, descriptor: false, ...fields });

testBypasses('picklescan', [
  ['CVE-2025-1944', 'another name in the local header', torchZip(other({ local: { name: 'archive/data.txt' } })), 'zip-name-mismatch', PT],
  ['CVE-2025-1944', 'another name in the directory', torchZip(other({ central: { name: 'archive/data.txt' } })), CALL, PT],
  ...[0x1, 0x20, 0x40, 0x2000].flatMap((flags) => [
    ['CVE-2025-1945', `flag bit ${flags.toString(16)} in the local header`, torchZip(other({ local: { flags } })), 'zip-flag-bits', PT] as const,
    ['CVE-2025-1945', `flag bit ${flags.toString(16)} in the directory`, torchZip(other({ central: { flags } })), CALL, PT] as const,
    ['CVE-2025-1945', `flag bit ${flags.toString(16)} in both`, torchZip(other({ local: { flags }, central: { flags } })), CALL, PT] as const,
  ]),
  ['CVE-2025-10156', 'a checksum of zero in the directory', torchZip(other({ central: { crc: 0 } })), 'zip-bad-crc', PT],
  ['CVE-2025-10156', 'a wrong checksum in both headers', torchZip(other({ local: { crc: 7 }, central: { crc: 7 } })), 'zip-bad-crc', PT],
  ['CVE-2025-10156', 'the payload behind a wrong checksum', torchZip(other({ local: { crc: 7 }, central: { crc: 7 }, deflated: true })), CALL, PT],
  ['CVE-2025-1889', 'a member of another extension', torchZip(CLEAN, [plain(EVIL, 'archive/notes.txt')]), CALL, PT],
  ['CVE-2025-1889', 'a member of protocol 0 without extension', torchZip(CLEAN, [plain(code(SYSTEM_0, '.'), 'archive/config')]), CALL, PT],
  ['constants.pkl', 'a pickle that is not data.pkl', torchZip(CLEAN, [plain(EVIL, 'archive/constants.pkl')]), CALL, PT],
  ['storage', 'a pickle where numbers should be', torchZip(CLEAN, [plain(EVIL, 'archive/data/1')]), CALL, PT],
  ['duplicate member', 'the first of two is the payload', makeZip([plain(EVIL), plain(CLEAN)]), CALL, PT],
  ['duplicate member', 'the second of two is the payload', makeZip([plain(CLEAN), plain(EVIL)]), 'archive-duplicate-name', PT],
  ['hidden member', 'no entry in the directory', makeZip([plain(CLEAN), { ...plain(EVIL, 'archive/x.pkl'), hidden: true }]), 'zip-hidden-entry', PT],
  ['hidden member', 'its payload is seen', makeZip([{ ...plain(EVIL, 'archive/x.pkl'), hidden: true, deflated: true }, plain(CLEAN)]), CALL, PT],
  ['size mismatch', 'sizes of zero in the directory', torchZip(other({ central: { packed: 0, size: 0 } })), 'zip-size-mismatch', PT],
  ['size mismatch', 'sizes of zero in the local header', torchZip(other({ local: { packed: 0, size: 0 } })), CALL, PT],
  ['size mismatch', 'a size that cuts the payload off', torchZip(other({ central: { packed: 4, size: 4 } })), CALL, PT],
  ['method mismatch', 'deflate in one header', torchZip(other({ local: { method: 8 } })), 'zip-method-mismatch', PT],
  ['method mismatch', 'a method that nobody has, the data stored', torchZip(other({ local: { method: 97 }, central: { method: 97 } })), CALL, PT],
  ['end record', 'a second one in the comment', torchZip(EVIL, [], { comment: makeZip([]) }), CALL, PT],
  ['end record', 'an archive in the comment', torchZip(CLEAN, [], { comment: makeZip([plain(EVIL)]) }), CALL, PT],
  ['end record', 'another number of entries', torchZip(EVIL, [], { entries: 1 }), 'zip-end-record', PT],
  ['end record', 'none at all', evil.subarray(0, evil.length - 22), 'zip-truncated', PT],
  ['glued archives', 'the last one is the payload', code(clean, evil), CALL, PT],
  ['glued archives', 'the first one is the payload', code(evil, clean), 'zip-several-archives', PT],
  ['pickle+zip polyglot', 'a pickle in front of an archive', code(EVIL, clean), CALL, PT],
  ['pickle+zip polyglot', 'the same under the name of a pickle', code(EVIL, clean), CALL],
  ['pickle+zip polyglot', 'a pickle behind an archive', code(clean, EVIL), CALL, PT],
  ['zip in a gap', 'a pickle between two members', makeZip([{ ...plain(CLEAN), gap: EVIL }, plain(Buffer.from('3\n'), 'archive/version')]), CALL, PT],
  ['nested archives', 'three levels', makeZip([plain(makeZip([plain(makeZip([plain(EVIL)]), 'b.zip')]), 'a.zip')]), CALL, { name: 'model.zip' }],
  ['nested archives', 'zip in tar in gzip', gzipSync(makeTar([{ name: 'a', data: makeZip([plain(EVIL)]) }])), CALL, { name: 'model.tgz' }],
  [
    'CVE-2025-32434',
    'a tar as old versions of torch wrote it',
    makeTar([
      { name: 'storages', data: CLEAN },
      { name: 'pickle', data: EVIL },
    ]),
    CALL,
    PT,
  ],
  ['npz', 'an array of objects', makeZip([plain(code(OBJECTS, pickle(']')), 'a.npy'), plain(code(OBJECTS, EVIL), 'b.npy')]), CALL, { name: 'arrays.npz' }],
  ['npz', 'a member that is a pickle', makeZip([plain(EVIL, 'a.npy')]), CALL, { name: 'arrays.npz' }],
  ['npy', 'a pickle under the name of an array', EVIL, CALL, { name: 'array.npy' }],
  ['npy', 'a pickle behind the array', code(OBJECTS, pickle(']'), EVIL), CALL, { name: 'array.npy' }],
  ['TorchScript', 'a payload in an archive with code/', torchZip(EVIL, [plain(Buffer.from('x = 1\n'), 'archive/code/__torch__.py')]), CALL, PT],
  [
    'TorchScript',
    'a class of it outside of such an archive',
    torchZip(pickle(code('c__torch__.Evil\nEvil\n)R'))),
    'pickle-unknown-call',
    { ...PT, verdict: 'suspicious' },
  ],
  [
    'source in an archive',
    'Python beside the weights',
    torchZip(CLEAN, [plain(Buffer.from('import os\nos.system("x")\n'), 'archive/run.py')]),
    'archive-dangerous-source',
    { ...PT, verdict: 'suspicious' },
  ],
  [
    'zip slip',
    'a name that leaves the folder',
    torchZip(CLEAN, [plain(Buffer.from('x'), '../../x')]),
    'archive-path-traversal',
    { ...PT, verdict: 'suspicious' },
  ],
  [
    'legacy torch',
    'the payload in the fifth pickle',
    code(proto(2), Buffer.from('8a0a6cfc9c46f9206aa85019', 'hex'), '.', proto(2), 'M\xe9\x03.', CLEAN, pickle(']'), pickle(SYSTEM)),
    CALL,
    PT,
  ],
]);

/** Written by 7-Zip itself. */
async function sevenZip(name: string, data: Buffer): Promise<Buffer> {
  const machine = await (SevenZip as unknown as typeof SevenZip.default)({ print: () => undefined, printErr: () => undefined });
  machine.FS.writeFile(name, data);
  machine.callMain(['a', '-t7z', '-mx=1', '-md=64k', 'out.7z', name]);
  return Buffer.from(machine.FS.readFile('out.7z', { encoding: 'binary' }));
}

test.each([
  ['a pickle with its extension', 'data.pkl', EVIL],
  ['a member without extension', 'data', EVIL],
  ['a pickle that breaks behind its payload', 'data.pkl', code(proto(2), SYSTEM_0, '\xff\xff')],
])('picklescan: nullifAI, a 7z named .pt with %s', async (_what, name, data) => {
  const report = await scanWhole(await sevenZip(name, data), 'model.pt');
  expect(report.findings.map(({ rule: { id } }) => id)).toEqual(expect.arrayContaining([CALL, '7z-as-a-model']));
  expect(report.verdict).toBe('malicious');
});
