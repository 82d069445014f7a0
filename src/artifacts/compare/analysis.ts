import type { NotChecked } from '../findings/report.ts';
import type { Finding } from '../findings/rule.ts';
import { adapterOutliers, adapterSpectra } from '../weights/adapter-spectra.ts';
import type { AdapterSpectrum } from '../weights/adapter-spectra.ts';
import { tensorStatistics } from '../weights/tensor-statistics.ts';
import type { TensorStatistics } from '../weights/tensor-statistics.ts';
import { compareModels } from './compare-models.ts';
import { ADAPTER_OUTLIER } from './compare-rules.ts';
import type { Comparison } from './comparison.ts';
import { areUnrelated } from './judge-changes.ts';
import { modelFacts } from './model-facts.ts';
import type { ModelFacts } from './model-facts.ts';
import { modelTensors } from './model-tensors.ts';
import { modelTemplates, templateChanges } from './model-templates.ts';
import type { ModelTemplate } from './model-templates.ts';
import { openModel, pairGroups } from './tensor-files.ts';
import type { OpenModel, TensorGroup } from './tensor-files.ts';

/** What is computed about tensors and templates, besides the scan of every file. Paths are absolute. */
export interface AnalysisJob {
  readonly model: string;
  readonly baseline: string | null;
  /** `label`: what stands before its paths in the report. */
  readonly adapters: readonly { readonly path: string; readonly label: string }[];
  readonly weights: boolean;
}

export interface AdapterReport {
  readonly path: string;
  readonly spectra: readonly AdapterSpectrum[];
  readonly skipped: readonly string[];
  readonly against: 'own-modules' | 'baseline';
}

export interface TensorLine extends TensorStatistics {
  readonly name: string;
  readonly path: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** Plain data: it comes out of a thread. */
export interface Analysis {
  readonly facts: ModelFacts;
  readonly templates: readonly ModelTemplate[];
  readonly comparison: Omit<Comparison, 'findings'> | null;
  readonly weights: { readonly tensors: readonly TensorLine[]; readonly skipped: readonly string[] } | null;
  readonly adapters: readonly AdapterReport[];
  readonly findings: readonly Finding[];
  readonly checked: readonly string[];
  readonly notChecked: readonly Omit<NotChecked, 'times'>[];
}

export type TellProgress = (what: string, done: number, total: number) => void;

/** Deviations from which a module stands out: from clean adapters, and, as layers differ by themselves, from its own kind. */
const FROM_CLEAN = 8;
const FROM_OWN = 16;
const MAX_SHOWN = 300;

/** Carries out a job; all of it is synchronous, so it belongs into a thread (analysis-thread.ts). */
export function analyze(job: AnalysisJob, signal: AbortSignal, tell: TellProgress): Analysis {
  return new AnalysisRun(job, signal, tell).run();
}

class AnalysisRun {
  readonly #job: AnalysisJob;
  readonly #signal: AbortSignal;
  readonly #tell: TellProgress;
  readonly #findings: Finding[] = [];
  readonly #checked: string[] = [];
  readonly #notChecked: Omit<NotChecked, 'times'>[] = [];

  constructor(job: AnalysisJob, signal: AbortSignal, tell: TellProgress) {
    this.#job = job;
    this.#signal = signal;
    this.#tell = tell;
  }

  run(): Analysis {
    const after = openModel(this.#job.model);
    const before = this.#job.baseline === null ? undefined : openModel(this.#job.baseline);
    try {
      const templates = this.#templates(after);
      const comparison = before === undefined ? null : this.#compare(before, after);
      const adapters = this.#adapters(before, after);
      const weights = this.#job.weights ? this.#weights(after) : null;
      const facts = modelFacts(this.#job.model);
      return { facts, templates, comparison, weights, adapters, findings: this.#findings, checked: this.#checked, notChecked: this.#notChecked };
    } finally {
      before?.close();
      after.close();
    }
  }

  #skip(check: string, reason: string, path: string): void {
    this.#notChecked.push({ check, reason, path: [path] });
  }

  #templates(after: OpenModel): ModelTemplate[] {
    const templates = modelTemplates(this.#job.model);
    if (this.#job.baseline === null) return templates;
    this.#findings.push(...templateChanges(modelTemplates(this.#job.baseline), templates, after.groups[0]?.files[0]?.path ?? after.others[0] ?? '.'));
    this.#checked.push('chat templates against those of the previous version');
    return templates;
  }

  #compare(before: OpenModel, after: OpenModel): Omit<Comparison, 'findings'> {
    const pairs = pairGroups(before.groups, after.groups);
    const all: Comparison[] = [];
    for (const pair of pairs) {
      const old = modelTensors(pair.before.files);
      const now = modelTensors(pair.after.files);
      const comparison = compareModels(old, now, this.#signal, (done, total) => this.#tell(`comparing tensors of ${pair.after.name}`, done, total));
      all.push(comparison);
      const file = pair.after.files[0]?.path ?? pair.after.name;
      const check = 'concentration and outliers of what changed';
      if (areUnrelated(comparison.compared, comparison.changed))
        this.#skip(check, 'hardly anything is left of the previous weights: this is another training, not a change of that one', file);
      else this.#checked.push(check);
      this.#findings.push(...comparison.findings.map(({ rule, path, offset, detail }) => ({ rule, path: [path ?? file], offset, detail })));
    }
    if (pairs.length > 0) this.#checked.push('tensors against the previous version: inventory and differences');
    this.#unpaired(before.groups, after, pairs);
    const changed = all.flatMap((comparison) => comparison.changed);
    return {
      added: all.flatMap(({ added }) => added),
      missing: all.flatMap(({ missing }) => missing),
      reshaped: all.flatMap(({ reshaped }) => reshaped),
      compared: all.reduce((sum, { compared }) => sum + compared, 0),
      changed: changed.toSorted((a, b) => b.relative - a.relative),
      notComputed: all.flatMap(({ notComputed }) => notComputed),
    };
  }

  #unpaired(before: readonly TensorGroup[], after: OpenModel, pairs: readonly { readonly after: TensorGroup }[]): void {
    const check = 'tensors against the previous version';
    for (const { name } of after.groups) {
      if (!pairs.some((pair) => pair.after.name === name)) this.#skip(check, 'the previous version has no such file', name);
    }
    for (const path of after.others) this.#skip(check, 'tensors of safetensors and GGUF files are compared only', path);
    if (before.length === 0) this.#skip(check, 'the previous version has no safetensors or GGUF file', '.');
  }

  #adapters(before: OpenModel | undefined, after: OpenModel): AdapterReport[] {
    const clean = before === undefined ? [] : spectraIn(before.groups, this.#signal).flatMap(({ spectra }) => spectra);
    const found = spectraIn(after.groups, this.#signal);
    for (const { path, label } of this.#job.adapters) {
      const model = openModel(path);
      try {
        const given = spectraIn(model.groups, this.#signal);
        if (given.length === 0) this.#skip('spectra of adapters', 'it holds no pairs lora_A and lora_B', label);
        found.push(...given.map((adapter) => ({ ...adapter, path: label + adapter.path })));
      } finally {
        model.close();
      }
    }
    return found.map((adapter) => this.#judgeAdapter(adapter, clean));
  }

  #judgeAdapter({ path, spectra, skipped }: FoundAdapter, clean: readonly AdapterSpectrum[]): AdapterReport {
    const against = clean.length > 0 ? 'baseline' : 'own-modules';
    const outliers = adapterOutliers(spectra, clean, clean.length > 0 ? FROM_CLEAN : FROM_OWN);
    for (const { spectrum, measure, score } of outliers) {
      const value = `${measure} ${spectrum[measure].toPrecision(3)}`;
      const what = `"${spectrum.module.slice(0, MAX_SHOWN)}" (rank ${String(spectrum.rank)}): ${value} is ${Math.abs(score).toFixed(0)} deviations from ${clean.length > 0 ? 'clean adapters' : 'the others of its role'}`;
      this.#findings.push({ rule: ADAPTER_OUTLIER, path: [path], offset: null, detail: what });
    }
    this.#checked.push(`spectra of adapters against ${clean.length > 0 ? 'those of the previous version' : 'modules of the same role'}`);
    for (const reason of skipped) this.#skip('spectra of adapters', reason.slice(0, MAX_SHOWN), path);
    return { path, spectra, skipped, against };
  }

  #weights(after: OpenModel): NonNullable<Analysis['weights']> {
    const tensors: TensorLine[] = [];
    const skipped: string[] = [];
    for (const group of after.groups) {
      const all = [...modelTensors(group.files).tensors.values()];
      for (const [done, tensor] of all.entries()) {
        this.#tell(`statistics of ${group.name}`, done, all.length);
        const statistics = tensorStatistics(tensor.dtype, tensor.source, this.#signal);
        const { name, path, dtype, shape } = tensor;
        if (statistics === undefined) skipped.push(name);
        else tensors.push({ ...statistics, name, path, dtype, shape });
      }
    }
    this.#checked.push('statistics of tensors');
    for (const path of after.others) this.#skip('statistics of tensors', 'tensors of safetensors and GGUF files are read only', path);
    return { tensors, skipped };
  }
}

interface FoundAdapter {
  readonly path: string;
  readonly spectra: AdapterSpectrum[];
  readonly skipped: string[];
}

/** Adapters among the files: those with `lora_A` in the name of a tensor. */
function spectraIn(groups: readonly TensorGroup[], signal: AbortSignal): FoundAdapter[] {
  return groups.flatMap(({ name, files }) => {
    const { tensors } = modelTensors(files);
    const isAdapter = [...tensors.keys()].some((tensor) => tensor.includes('.lora_A'));
    return isAdapter ? [{ path: name, ...adapterSpectra(tensors, signal) }] : [];
  });
}
