import type { ByteWindow } from './byte-window.ts';
import type { Stop } from './instruction.ts';
import type { BytesValue, CallValue, GlobalValue, PersistentValue, TextValue, Value } from './values.ts';

/** Is told what a loader would do, when it would do it: what comes later in the stream takes nothing back. */
export interface Watcher {
  imported(value: GlobalValue): void;
  /** An import whose name is no constant. */
  importedComputed(module: Value, name: Value, at: number): void;
  called(value: CallValue): void;
  /** BUILD: `__setstate__`, or attributes. */
  built(target: Value, state: Value, at: number): void;
  /** An opcode that fills a list, dict or set, on anything else. */
  filled(opcode: string, target: Value, items: readonly Value[], at: number): void;
  persistent(value: PersistentValue): void;
  extension(code: number, at: number): void;
  constant(value: TextValue | BytesValue, window: ByteWindow): void;
  problem(stop: Stop): void;
}

const ignore = (): void => undefined;

/** For those who only want to know how far a stream goes. */
export const NO_WATCHER: Watcher = {
  imported: ignore,
  importedComputed: ignore,
  called: ignore,
  built: ignore,
  filled: ignore,
  persistent: ignore,
  extension: ignore,
  constant: ignore,
  problem: ignore,
};

/** For another reading of a stream: what it imports and calls counts, that it breaks somewhere does not. */
export function withoutProblems(watcher: Watcher): Watcher {
  return {
    imported: (value) => watcher.imported(value),
    importedComputed: (module, name, at) => watcher.importedComputed(module, name, at),
    called: (value) => watcher.called(value),
    built: (target, state, at) => watcher.built(target, state, at),
    filled: (opcode, target, items, at) => watcher.filled(opcode, target, items, at),
    persistent: (value) => watcher.persistent(value),
    extension: (code, at) => watcher.extension(code, at),
    constant: (value, window) => watcher.constant(value, window),
    problem: ignore,
  };
}
