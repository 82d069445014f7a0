import type { Rule } from '../findings/rule.ts';
import type { Surroundings } from '../scan/reader.ts';
import type { ByteWindow } from './byte-window.ts';
import type { Stop } from './instruction.ts';
import type { NestedConstants } from './nested-constants.ts';
import { PICKLE_RULES } from './pickle-rules.ts';
import { checkTensor, readStorageId, type StorageProblem } from './torch-storages.ts';
import {
  showName,
  showValue,
  type BytesValue,
  type CallValue,
  type GlobalValue,
  type PersistentValue,
  type StorageClaim,
  type TextValue,
  type Value,
} from './values.ts';
import type { Watcher } from './watcher.ts';

/** Judges what a loader would do, one event at a time. Nothing that it has seen makes it look away later (GHSA-cffv-grgg-g429). */
export class Judge implements Watcher {
  readonly storages: StorageClaim[] = [];
  readonly #report: (rule: Rule, at: number, detail: string) => void;
  readonly #surroundings: Surroundings;
  readonly #nested: NestedConstants;

  constructor(report: (rule: Rule, at: number, detail: string) => void, surroundings: Surroundings, nested: NestedConstants) {
    this.#report = report;
    this.#surroundings = surroundings;
    this.#nested = nested;
  }

  problem({ rule, at, detail }: Stop): void {
    this.#report(rule, at, detail);
  }

  constant(value: TextValue | BytesValue, window: ByteWindow): void {
    this.#nested.consider(value, window);
  }

  imported({ module, name, at, rating }: GlobalValue): void {
    if (this.#isAllowed(rating)) return;
    const shown = showName(module, name);
    if (rating.is === 'dangerous') this.#report(PICKLE_RULES.dangerousGlobal, at, `${shown}: ${rating.why}`);
    else if (rating.is === 'risky') this.#report(PICKLE_RULES.riskyGlobal, at, `${shown}: ${rating.why}`);
    else this.#report(PICKLE_RULES.unknownGlobal, at, shown);
  }

  importedComputed(module: Value, name: Value, at: number): void {
    this.#report(PICKLE_RULES.computedName, at, `${showValue(module)}.${showValue(name)}`);
  }

  called(call: CallValue): void {
    const { callable, at } = call;
    if (callable.kind !== 'global' || callable.rating.is !== 'allowed') this.#handed(call.args, call.keywords);
    if (callable.kind !== 'global') {
      const rule = isDangerous(callable) ? PICKLE_RULES.dangerousCall : PICKLE_RULES.unknownCall;
      this.#report(rule, at, showValue(call));
      return;
    }
    const { rating } = callable;
    if (rating.is === 'allowed') this.#calledAllowed(call, callable);
    else if (rating.is === 'torchscript' && this.#surroundings.torchScript === true) call.inShape = true;
    else this.#report(rating.is === 'dangerous' ? PICKLE_RULES.dangerousCall : PICKLE_RULES.unknownCall, at, showValue(call));
  }

  #calledAllowed(call: CallValue, { module, name, rating }: GlobalValue): void {
    if (rating.is !== 'allowed') return;
    call.inShape = call.keywords === null && rating.use.call?.(call.args) === true;
    if (!call.inShape) this.#report(PICKLE_RULES.unexpectedUse, call.at, showValue(call));
    if (module === 'torch._utils') this.#tell(checkTensor(call), call.at);
    if (module === 'torch.storage' && name === '_load_from_bytes') this.#nested.passed(call.args, 'loaded');
    else if (!call.inShape) this.#handed(call.args, call.keywords);
  }

  #handed(args: readonly Value[], ...more: readonly (Value | null)[]): void {
    this.#nested.passed([...args, ...more.filter((value) => value !== null)], 'handed');
  }

  built(target: Value, state: Value, at: number): void {
    if (target.kind !== 'call' || !target.inShape) this.#handed([state]);
    if (target.kind === 'global') {
      this.#report(PICKLE_RULES.overwrites, at, `${showValue(target)} gets ${showValue(state)}`);
      return;
    }
    if (target.kind !== 'call') {
      this.#report(PICKLE_RULES.objectChanged, at, `BUILD on ${showValue(target)}`);
      return;
    }
    const rating = target.callable.kind === 'global' ? target.callable.rating : null;
    if (rating?.is === 'torchscript' && this.#surroundings.torchScript === true) return;
    // What is not allowed was reported when it was called.
    if (rating?.is !== 'allowed' || rating.use.build?.(state) === true) return;
    this.#report(PICKLE_RULES.unexpectedUse, at, `BUILD on ${showValue(target)} with ${showValue(state)}`);
  }

  filled(opcode: string, target: Value, _items: readonly Value[], at: number): void {
    if (target.kind === 'global') {
      this.#report(PICKLE_RULES.overwrites, at, `${opcode} on ${showValue(target)}`);
      return;
    }
    if (target.kind === 'call' && target.inShape && target.callable.kind === 'global') {
      const { rating } = target.callable;
      const kind = opcode.startsWith('APPEND') ? 'list' : opcode.startsWith('SETITEM') ? 'dict' : 'set';
      if (rating.is === 'allowed' && rating.use.filledAs === kind) return;
    }
    this.#report(PICKLE_RULES.objectChanged, at, `${opcode} on ${showValue(target)}`);
  }

  persistent(value: PersistentValue): void {
    value.storage = readStorageId(value);
    if (value.storage === null) {
      this.#report(PICKLE_RULES.persistentId, value.at, showValue(value.id));
      return;
    }
    this.storages.push(value.storage);
    this.#tell(this.#checkStorage(value.storage), value.at);
  }

  #checkStorage({ key, elements, itemBytes }: StorageClaim): StorageProblem | null {
    const { storageBytes } = this.#surroundings;
    if (storageBytes === undefined) return null;
    const there = storageBytes(key);
    if (there === undefined) return { rule: PICKLE_RULES.storageMissing, detail: `storage ${JSON.stringify(key)}` };
    const stated = elements * BigInt(itemBytes);
    return stated > BigInt(there)
      ? { rule: PICKLE_RULES.tensorOutside, detail: `storage ${JSON.stringify(key)} states ${String(stated)} bytes, ${String(there)} are there` }
      : null;
  }

  #tell(problem: StorageProblem | null, at: number): void {
    if (problem !== null) this.#report(problem.rule, at, problem.detail);
  }

  extension(code: number, at: number): void {
    this.#report(PICKLE_RULES.extension, at, `code ${String(code)}`);
  }

  #isAllowed(rating: GlobalValue['rating']): rating is Extract<GlobalValue['rating'], { is: 'allowed' | 'torchscript' }> {
    return rating.is === 'allowed' || (rating.is === 'torchscript' && this.#surroundings.torchScript === true);
  }
}

/** Whether a callable was made by a dangerous one: the result of `functools.partial`. */
function isDangerous(value: Value): boolean {
  let root = value;
  for (let i = 0; i < 64 && root.kind === 'call'; i += 1) root = root.callable;
  return root.kind === 'global' && root.rating.is === 'dangerous';
}
