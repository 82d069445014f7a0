/** Aborts at the first Ctrl-C; the second one ends the process as if nobody had listened. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    process.removeListener('SIGINT', onSignal);
    controller.abort(new Error('interrupted'));
  };
  process.on('SIGINT', onSignal);
  try {
    return await work(controller.signal);
  } finally {
    process.removeListener('SIGINT', onSignal);
  }
}
