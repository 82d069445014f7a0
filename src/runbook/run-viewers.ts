import type { RunStreamEvents, RunView } from './run-view.ts';

/** Who watches a run. Must return at once: a slow viewer keeps nobody waiting. */
export type RunViewer = <N extends keyof RunStreamEvents>(name: N, data: RunStreamEvents[N]) => void;

/** Tells viewers what happens to runs. Many changes in a short time may be shown as one. */
export class RunViewers {
  readonly #viewers = new Map<string, Set<RunViewer>>();
  readonly #loading = new Set<string>();
  readonly #again = new Set<string>();
  readonly #load: (id: string) => Promise<RunView | undefined>;

  constructor(load: (id: string) => Promise<RunView | undefined>) {
    this.#load = load;
  }

  /** Shows the run as it is now, and each change until the returned function is called. */
  add(id: string, viewer: RunViewer): () => void {
    const viewers = this.#viewers.get(id) ?? new Set();
    viewers.add(viewer);
    this.#viewers.set(id, viewers);
    this.changed(id);
    return () => {
      viewers.delete(viewer);
      if (viewers.size === 0 && this.#viewers.get(id) === viewers) this.#viewers.delete(id);
    };
  }

  changed(id: string): void {
    if (!this.#viewers.has(id)) return;
    if (this.#loading.has(id)) {
      this.#again.add(id);
      return;
    }
    this.#loading.add(id);
    void this.#show(id);
  }

  say<N extends 'progress' | 'output'>(id: string, name: N, data: RunStreamEvents[N]): void {
    this.#tell(id, name, data);
  }

  async #show(id: string): Promise<void> {
    let view: RunView | undefined;
    try {
      view = await this.#load(id);
    } catch {
      // The database does not answer: the next change is shown, and this one with it.
    }
    this.#loading.delete(id);
    if (view !== undefined) this.#tell(id, 'run', view);
    if (this.#again.delete(id)) this.changed(id);
  }

  #tell<N extends keyof RunStreamEvents>(id: string, name: N, data: RunStreamEvents[N]): void {
    for (const viewer of this.#viewers.get(id) ?? []) viewer(name, data);
  }
}
