/** What stands on the stack of the tracer. Nothing is built: a call is a note that a real loader would have called. */
export type Value =
  | { readonly kind: 'none' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | IntValue
  | { readonly kind: 'float' }
  | TextValue
  | BytesValue
  | ListValue
  | DictValue
  | GlobalValue
  | CallValue
  | PersistentValue
  | { readonly kind: 'extension'; readonly code: number };

/** `value` is null when it is too long to be worth holding. */
export interface IntValue {
  readonly kind: 'int';
  readonly value: bigint | null;
}

/** `text` is null when it is too long to be held; `at` and `length` are where its bytes are. */
export interface TextValue {
  readonly kind: 'text';
  readonly text: string | null;
  readonly at: number;
  readonly length: number;
  /** How it stands there: UTF-8, or a line with escapes. */
  readonly form: 'utf8' | 'latin1' | 'quoted' | 'escaped';
}

export interface BytesValue {
  readonly kind: 'bytes';
  readonly bytes: Buffer | null;
  readonly at: number;
  readonly length: number;
}

/** What a container says about its expansion without being expanded. */
interface Weighed {
  /** How deep containers stand in it. */
  depth: number;
  /** Values in it when every reference counts as a copy. */
  weight: number;
  /** Values put into it; those that are held may be fewer. */
  count: number;
}

export interface ListValue extends Weighed {
  readonly kind: 'tuple' | 'list' | 'set' | 'frozenset';
  readonly items: Value[];
}

export interface DictValue extends Weighed {
  readonly kind: 'dict';
  readonly entries: (readonly [Value, Value])[];
}

/** A test of a value. */
export type Shape = (value: Value | undefined) => boolean;

/** How a library uses one of its names in its own pickles. What is not said is not done. */
export interface AllowedUse {
  /** Arguments of a call. */
  readonly call?: (args: readonly Value[]) => boolean;
  /** State of BUILD on the result of that call. */
  readonly build?: Shape;
  /** What the result is to APPEND(S), SETITEM(S) or ADDITEMS. */
  readonly filledAs?: 'list' | 'dict' | 'set';
  /** It may be passed around without being called: `torch.float32`. */
  readonly data?: boolean;
}

/** What is thought of an import. `why` is part of a sentence: "starts processes". */
export type GlobalRating =
  | { readonly is: 'allowed'; readonly use: AllowedUse }
  | { readonly is: 'torchscript' }
  | { readonly is: 'dangerous' | 'risky' | 'unknown'; readonly why: string };

export interface GlobalValue {
  readonly kind: 'global';
  readonly module: string;
  readonly name: string;
  readonly at: number;
  readonly rating: GlobalRating;
}

export interface CallValue {
  readonly kind: 'call';
  /** The opcode. */
  readonly op: string;
  readonly callable: Value;
  readonly args: readonly Value[];
  /** Second argument of NEWOBJ_EX. */
  readonly keywords: Value | null;
  readonly at: number;
  /** Whether it is a call of an allowed global in the shape in which its library uses it. Set by the judge. */
  inShape: boolean;
  /** Argument of the last BUILD. */
  state: Value | null;
}

export interface PersistentValue {
  readonly kind: 'persistent';
  readonly id: Value;
  readonly at: number;
  /** Set when it has the shape that torch gives to a storage. */
  storage: StorageClaim | null;
}

/** What a pickle of torch says about a storage that stands elsewhere. */
export interface StorageClaim {
  readonly key: string;
  /** `FloatStorage` */
  readonly type: string;
  /** Bytes per element. */
  readonly itemBytes: number;
  readonly elements: bigint;
  /** Whether it only names a part of another storage (legacy view). */
  readonly view: boolean;
  readonly at: number;
}

export const NONE: Value = { kind: 'none' };

/** Deepest value that is shown. */
const SHOWN_DEPTH = 3;
const SHOWN_ITEMS = 4;
const SHOWN_TEXT = 80;

/** A short text that shows a value in a finding. */
export function showValue(value: Value, depth = 0): string {
  switch (value.kind) {
    case 'none':
      return 'None';
    case 'bool':
      return value.value ? 'True' : 'False';
    case 'int':
      return value.value === null ? 'a long integer' : value.value.toString().slice(0, 40);
    case 'float':
      return 'a float';
    case 'text':
      return value.text === null ? `a text of ${String(value.length)} bytes` : quote(value.text);
    case 'bytes':
      return value.bytes === null ? `${String(value.length)} bytes` : `b${quote(value.bytes.toString('latin1'))}`;
    case 'dict':
      return value.count === 0 ? '{}' : '{...}';
    case 'global':
      return showName(value.module, value.name);
    case 'persistent':
      return 'a persistent id';
    case 'extension':
      return `extension ${String(value.code)}`;
    case 'call':
      return depth >= SHOWN_DEPTH ? 'a call' : `${showValue(value.callable, depth + 1)}(${showItems(value.args, depth)})`;
    case 'tuple':
    case 'list':
    case 'set':
    case 'frozenset':
      return depth >= SHOWN_DEPTH
        ? `a ${value.kind}`
        : `${value.kind === 'tuple' ? '(' : '['}${showItems(value.items, depth)}${value.kind === 'tuple' ? ')' : ']'}`;
  }
}

export function showName(module: string, name: string): string {
  return quote(`${module}.${name}`).slice(1, -1);
}

function showItems(items: readonly Value[], depth: number): string {
  const shown = items.slice(0, SHOWN_ITEMS).map((item) => showValue(item, depth + 1));
  return items.length > SHOWN_ITEMS ? `${shown.join(', ')}, ...` : shown.join(', ');
}

/** In quotes, without characters that a terminal or a reader would act on. */
function quote(text: string): string {
  const shown = JSON.stringify(text.length > SHOWN_TEXT ? `${text.slice(0, SHOWN_TEXT)}...` : text);
  return shown.replaceAll(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
