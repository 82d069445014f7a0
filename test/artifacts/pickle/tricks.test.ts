import { expect, test } from 'vitest';
import { scanBytes } from '../memory-unit.ts';
import {
  bytes,
  call,
  code,
  frame,
  global,
  int,
  MEMOIZE,
  pickle,
  proto,
  STACK_GLOBAL,
  stackGlobal,
  SYSTEM,
  SYSTEM_0,
  text,
  tuple,
  TUPLE1,
  u64,
} from './assembler.ts';

const CLEAN = pickle(text('nothing to see'));
const EXT = (which: number, ...argument: number[]): Buffer => Buffer.from([which, ...argument]);

const MALICIOUS: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a dotted name in a harmless module', pickle(stackGlobal('pathlib', 'os.system'), tuple(text('x')), 'R')],
  ['a dotted name in an allowed module', pickle(call('collections', '_sys.modules.get', text('os')))],
  ['a dotted name that reaches a module deep inside', code(proto(4), global('torch.serialization', 'tarfile.bltn_open'), '.')],
  ['a dotted name before protocol 4', code(proto(2), global('torch.storage', 'io.open'), '.')],
  ['a module reached through another one', pickle(stackGlobal('torch.serialization', 'os'))],
  ['a dunder on the way', pickle(stackGlobal('collections', 'OrderedDict.__reduce__.__globals__'))],
  ['a missing memo slot behind the payload', pickle(SYSTEM, 'h\x63')],
  ['an integer as a module behind the payload', pickle(SYSTEM, int(42), text('system'), STACK_GLOBAL)],
  ['a memo slot that is written twice', pickle(text('collections'), 'q\x05', '0', text('os'), 'q\x05', '0h\x05', text('system'), STACK_GLOBAL)],
  [
    'MEMOIZE that counts filled slots',
    // Slots 0 and 7 are filled, so MEMOIZE writes slot 2 and then slot 3.
    pickle(text('a'), 'q\x00', text('b'), 'q\x07', text('os'), MEMOIZE, text('system'), MEMOIZE, 'h\x02h\x03', STACK_GLOBAL),
  ],
  ['two PUTs into one slot that count once', pickle(text('a'), 'q\x05q\x05', text('os'), MEMOIZE, text('b'), '00', 'h\x01', text('system'), STACK_GLOBAL)],
  ['names between junk on the stack', pickle(text('os'), '(', text('torch'), text('Tensor'), '1', 'N0', text('system'), STACK_GLOBAL)],
  ['a call whose result is dropped', pickle(SYSTEM, '0N')],
  ['a call that is followed by BUILD', pickle(SYSTEM, '}b')],
  ['an unknown opcode behind the payload', code(SYSTEM_0, '\xff')],
  ['a text that is cut off behind the payload', code(SYSTEM_0, 'X\xff\xff\x00\x00abc')],
  ['a missing STOP', code(SYSTEM_0)],
  ['the second stream', code(CLEAN, pickle(SYSTEM))],
  ['the sixth stream', code(CLEAN, CLEAN, CLEAN, CLEAN, CLEAN, pickle(SYSTEM))],
  ['a stream of protocol 0 behind another one', code(CLEAN, SYSTEM_0, '.')],
  ['a stream behind zeros', code(CLEAN, Buffer.alloc(5000), pickle(SYSTEM))],
  ['a stream behind junk', code(CLEAN, Buffer.alloc(999, 0xfe), pickle(SYSTEM))],
  ['a stream of protocol 0 behind junk', code(CLEAN, Buffer.alloc(999, 0xfe), SYSTEM_0, '.')],
  ['a stream behind a broken one', code(proto(4), '\xff', Buffer.alloc(99, 0xfe), pickle(SYSTEM))],
  [
    '100,000 integers before the payload',
    pickle(
      ']',
      Array.from({ length: 100_000 }, () => Buffer.from('K\x01a', 'latin1')),
      SYSTEM,
    ),
  ],
  ['names as STRING with escapes', code('S\'\\x6f\\x73\'\nS"sys\\164em"\n', STACK_GLOBAL, "(S'x'\ntR.")],
  ['names as UNICODE with escapes', code('V\\u006fs\nVsyste\\u006d\n', STACK_GLOBAL, '(Vx\ntR.')],
  ['names as BINSTRING and SHORT_BINSTRING', pickle('T\x02\0\0\0os', 'U\x06system', STACK_GLOBAL, tuple(text('x')), 'R')],
  ['names as BINUNICODE8', pickle(Buffer.from([0x8d]), u64(2n), 'os', Buffer.from([0x8d]), u64(6n), 'system', STACK_GLOBAL)],
  ['a payload among genuine names', pickle(...['float32', 'float16', 'int8'].map((name) => code(stackGlobal('torch', name), '0')), SYSTEM)],
  ['a class that is changed by BUILD', pickle(stackGlobal('torch._utils', '_rebuild_tensor'), '}', text('__module__'), text('builtins'), 'sb')],
  ['a module that is written to by SETITEM', pickle(stackGlobal('torch', 'float32'), text('a'), text('b'), 's')],
  ['a name that a call computes', pickle(call('builtins', 'str', text('os')), text('system'), STACK_GLOBAL)],
  ['a registry entry that is made first', pickle(call('copyreg', 'add_extension', text('os'), text('system'), int(5)), '0', EXT(0x82, 5))],
  ['keywords of NEWOBJ_EX', pickle(stackGlobal('subprocess', 'Popen'), ')}', text('args'), text('x'), 's', EXT(0x92))],
  ['a name of Python 2 under protocol 4', pickle(stackGlobal('__builtin__', 'eval'), tuple(text('1')), 'R')],
  ['an old module name without a protocol', code(global('commands', 'getoutput'), "(S'x'\ntR.")],
];

test.each(MALICIOUS)('%s does not hide a payload', async (_what, content) => {
  expect((await scanBytes(content)).verdict).toBe('malicious');
});

const SUSPICIOUS: readonly (readonly [what: string, bytes: Buffer, rule: string])[] = [
  ['EXT1', pickle(EXT(0x82, 5), ')R'), 'pickle-extension-registry'],
  ['EXT2', pickle(EXT(0x83, 5, 1)), 'pickle-extension-registry'],
  ['EXT4', pickle(EXT(0x84, 5, 1, 0, 0)), 'pickle-extension-registry'],
  ['PERSID', code('Pevil.bin\n.'), 'pickle-persistent-id'],
  ['BINPERSID with a text', pickle(text('x'), 'Q'), 'pickle-persistent-id'],
  ['a protocol that is stated again', code(proto(4), '}', proto(2), '.'), 'pickle-protocol-repeated'],
  ['APPEND on a result', pickle(call('collections', 'OrderedDict'), 'Na'), 'pickle-call-on-object'],
  ['SETITEM on a number', pickle('K\x01', text('a'), 'Ns'), 'pickle-call-on-object'],
  ['ADDITEMS on a list', pickle('](N', Buffer.from([0x90])), 'pickle-call-on-object'],
  ['BUILD on a list', pickle(']}b'), 'pickle-call-on-object'],
  ['OrderedDict of a call', pickle(call('collections', 'OrderedDict', call('sklearn', 'X'))), 'pickle-unexpected-use'],
  ['a codec that is not for bytes', pickle(call('_codecs', 'encode', text('x'), text('rot13'))), 'pickle-unexpected-use'],
  ['junk behind STOP', code(CLEAN, 'junk'), 'pickle-junk-behind'],
  ['a frame inside of a frame', code(proto(4), frame(12), frame(2), 'N.', 'NNN'), 'pickle-frame-odd'],
  ['a frame that is longer than the stream', code(proto(4), frame(4), 'N.', '\0\0'), 'pickle-frame-odd'],
  ['a dotted name that reaches nothing known', pickle(stackGlobal('collections', 'OrderedDict.fromkeys')), 'pickle-risky-global'],
];

test.each(SUSPICIOUS)('%s is suspicious', async (_what, content, rule) => {
  const scan = await scanBytes(content);
  expect(scan.ids).toContain(rule);
  expect(scan.verdict).toBe('suspicious');
});

const MALFORMED: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a negative length', code('T\xff\xff\xff\xffabc.')],
  ['a negative length of an integer', pickle(EXT(0x8b, 0xff, 0xff, 0xff, 0xff))],
  ['a length of 2^63', pickle(EXT(0x8d), u64(1n << 63n), 'abc')],
  ['a frame that is cut off', code(proto(4), '\x95\x10')],
  ['protocol 6', code(proto(6), 'N.')],
  ['an empty stack', pickle('R')],
  ['POP_MARK without a mark', pickle('1')],
  ['APPENDS without a mark', pickle(']e')],
  ['a key without a value', pickle('}(Nu')],
  ['a buffer outside of the stream', pickle(EXT(0x97))],
  ['an import by numbers', pickle(int(1), int(2), STACK_GLOBAL)],
  ['a text that is no UTF-8', pickle('X\x02\0\0\0\xff\xfe')],
  ['a name that is no UTF-8', code('cmod\n\xf8\n.')],
  ['an unquoted STRING', code('Sabc\n.')],
  ['an INT that is no number', code('Iabc\n.')],
  ['STOP with nothing to return', pickle('')],
  ['a value below the mark', pickle('N(R')],
];

test.each(MALFORMED)('%s is malformed', async (_what, content) => {
  expect((await scanBytes(content)).verdict).toBe('malformed');
});

test('a surrogate in a text is no error, as in Python', async () => {
  expect((await scanBytes(pickle('X\x03\0\0\0\xed\xa0\x80'))).verdict).toBe('clean');
});

test('an argument that crosses its frame is followed in both ways', async () => {
  const hidden = code(SYSTEM_0, '0N.');
  // In memory BINBYTES takes everything; from a file its length starts behind the frame, and is one.
  const stream = code(proto(5), 'N0', frame(2), 'B', Buffer.from([hidden.length + 1, 1, 0, 0, 0]), '\0', hidden, 'N.');
  const scan = await scanBytes(stream);
  expect(scan.ids).toContain('pickle-frame-crossed');
  expect(scan.verdict).toBe('malicious');
  const harmless = await scanBytes(code(proto(5), frame(5), bytes(Buffer.alloc(20, 0x41)), '.'));
  expect(harmless.ids).toEqual(['pickle-frame-crossed']);
});

test('one allowed pattern does not make the scan look away later', async () => {
  const ordered = call('collections', 'OrderedDict');
  const scan = await scanBytes(pickle(ordered, '0', SYSTEM, '0', ordered, '0', SYSTEM));
  expect(scan.findings.filter(({ id }) => id === 'pickle-dangerous-call')).toHaveLength(2);
});

test('the extension does not decide what is read', async () => {
  for (const name of ['a.dat', 'a.h5', 'a.onnx', 'a.safetensors', 'a.npy', 'a.txt', 'a']) {
    expect((await scanBytes(pickle(SYSTEM), name)).verdict).toBe('malicious');
    expect((await scanBytes(code(SYSTEM_0, '.'), name)).verdict).toBe('malicious');
  }
});

test('texts that begin like a pickle are none', async () => {
  for (const content of ['copyright\nfoo\n(c) somebody', 'Version 1\n2.0\n', 'import os\n', '{"a": 1}', '(see below)\n', 'N. B. this']) {
    expect((await scanBytes(Buffer.from(content), 'README.txt')).formats).toEqual([]);
  }
});

test('a tuple of one item is what TUPLE1 makes', async () => {
  expect((await scanBytes(pickle(stackGlobal('torch', 'Size'), 'K\x03', TUPLE1, TUPLE1, 'R'))).verdict).toBe('clean');
});
