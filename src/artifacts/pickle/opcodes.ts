/**
 * How the argument of an opcode stands in the bytes: fixed numbers (little-endian, `f64` big-endian), lines that end in a newline, or
 * bytes after their length (`i32` is signed: CPython refuses a negative one).
 */
export type Argument =
  'none' | 'u8' | 'u16' | 'i32' | 'u32' | 'u64' | 'f64' | 'line' | 'two-lines' | 'counted-u8' | 'counted-u32' | 'counted-i32' | 'counted-u64';

export interface Opcode {
  readonly code: number;
  readonly name: string;
  readonly argument: Argument;
}

const ROWS: readonly (readonly [code: number, name: string, argument?: Argument])[] = [
  [0x28, 'MARK'],
  [0x2e, 'STOP'],
  [0x30, 'POP'],
  [0x31, 'POP_MARK'],
  [0x32, 'DUP'],
  [0x46, 'FLOAT', 'line'],
  [0x49, 'INT', 'line'],
  [0x4a, 'BININT', 'i32'],
  [0x4b, 'BININT1', 'u8'],
  [0x4c, 'LONG', 'line'],
  [0x4d, 'BININT2', 'u16'],
  [0x4e, 'NONE'],
  [0x50, 'PERSID', 'line'],
  [0x51, 'BINPERSID'],
  [0x52, 'REDUCE'],
  [0x53, 'STRING', 'line'],
  [0x54, 'BINSTRING', 'counted-i32'],
  [0x55, 'SHORT_BINSTRING', 'counted-u8'],
  [0x56, 'UNICODE', 'line'],
  [0x58, 'BINUNICODE', 'counted-u32'],
  [0x61, 'APPEND'],
  [0x62, 'BUILD'],
  [0x63, 'GLOBAL', 'two-lines'],
  [0x64, 'DICT'],
  [0x7d, 'EMPTY_DICT'],
  [0x65, 'APPENDS'],
  [0x67, 'GET', 'line'],
  [0x68, 'BINGET', 'u8'],
  [0x69, 'INST', 'two-lines'],
  [0x6a, 'LONG_BINGET', 'u32'],
  [0x6c, 'LIST'],
  [0x5d, 'EMPTY_LIST'],
  [0x6f, 'OBJ'],
  [0x70, 'PUT', 'line'],
  [0x71, 'BINPUT', 'u8'],
  [0x72, 'LONG_BINPUT', 'u32'],
  [0x73, 'SETITEM'],
  [0x74, 'TUPLE'],
  [0x29, 'EMPTY_TUPLE'],
  [0x75, 'SETITEMS'],
  [0x47, 'BINFLOAT', 'f64'],
  [0x80, 'PROTO', 'u8'],
  [0x81, 'NEWOBJ'],
  [0x82, 'EXT1', 'u8'],
  [0x83, 'EXT2', 'u16'],
  [0x84, 'EXT4', 'i32'],
  [0x85, 'TUPLE1'],
  [0x86, 'TUPLE2'],
  [0x87, 'TUPLE3'],
  [0x88, 'NEWTRUE'],
  [0x89, 'NEWFALSE'],
  [0x8a, 'LONG1', 'counted-u8'],
  [0x8b, 'LONG4', 'counted-i32'],
  [0x42, 'BINBYTES', 'counted-u32'],
  [0x43, 'SHORT_BINBYTES', 'counted-u8'],
  [0x8c, 'SHORT_BINUNICODE', 'counted-u8'],
  [0x8d, 'BINUNICODE8', 'counted-u64'],
  [0x8e, 'BINBYTES8', 'counted-u64'],
  [0x8f, 'EMPTY_SET'],
  [0x90, 'ADDITEMS'],
  [0x91, 'FROZENSET'],
  [0x92, 'NEWOBJ_EX'],
  [0x93, 'STACK_GLOBAL'],
  [0x94, 'MEMOIZE'],
  [0x95, 'FRAME', 'u64'],
  [0x96, 'BYTEARRAY8', 'counted-u64'],
  [0x97, 'NEXT_BUFFER'],
  [0x98, 'READONLY_BUFFER'],
];

/** The 68 opcodes of protocols 0 to 5 (CPython `pickletools`), by their byte. */
export const OPCODES: readonly (Opcode | undefined)[] = ROWS.reduce<(Opcode | undefined)[]>((table, [code, name, argument = 'none']) => {
  table[code] = { code, name, argument };
  return table;
}, new Array<Opcode | undefined>(256).fill(undefined));
