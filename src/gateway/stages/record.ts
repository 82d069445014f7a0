import { ElulmcError } from '../../core/errors.ts';
import { closeEntry, doneEntry, openEntry } from '../entries.ts';
import type { Exchange, Step } from '../exchange.ts';
import { finishExchange } from '../finish.ts';
import { gateSentence } from '../gate.ts';

/** Appends `request.open` and goes on; `record` waits for it before the head. */
export function recordOpen(exchange: Exchange): void {
  if (exchange.openRecorded !== 'no') return;
  exchange.openRecorded = 'waiting';
  exchange.context.recorder.append(openEntry(exchange), (error) => {
    opened(exchange, error);
  });
}

function opened(exchange: Exchange, error: Error | null): void {
  const { recorder } = exchange.context;
  if (error !== null) {
    recorder.appendFailed();
    exchange.openRecorded = 'no';
    exchange.fail(unrecorded(error));
    return;
  }
  exchange.openRecorded = 'durable';
  if (exchange.recording === 'open') {
    exchange.recording = undefined;
    exchange.proceed('next');
  }
}

/**
 * Nothing leaves before the entry that names it is durable: `request.open` for a stream, otherwise the whole
 * exchange. What happened to somebody unknown is only counted.
 */
export function record(exchange: Exchange): Step {
  const { context, failure, identity } = exchange;
  if (identity === undefined) {
    if (failure !== undefined) context.recorder.countRefusal(failure.code);
    return 'next';
  }
  if (context.recorder.failed()) return unrecordable(exchange);
  if (exchange.relay !== undefined && failure === undefined && !exchange.cancelled) {
    recordOpen(exchange);
    if (exchange.openRecorded === 'durable') return 'next';
    exchange.recording = 'open';
    return 'wait';
  }
  const entry = exchange.openRecorded === 'no' && !exchange.doneRecorded ? doneEntry(exchange) : closeEntry(exchange);
  exchange.doneRecorded = true;
  exchange.recording = 'done';
  context.recorder.append(entry, (error) => {
    recorded(exchange, error);
  });
  return 'wait';
}

function recorded(exchange: Exchange, error: Error | null): void {
  if (error !== null) {
    exchange.context.recorder.appendFailed();
    exchange.failure = unrecorded(error);
  }
  if (exchange.recording !== 'done') return;
  exchange.recording = undefined;
  exchange.proceed('next');
}

/** Answers an exchange whose record does not become durable, because the disk does not answer. */
export function giveUpRecording(exchange: Exchange): void {
  if (exchange.recording === undefined) return;
  exchange.recording = undefined;
  unrecordable(exchange);
  exchange.abortUpstream();
  exchange.proceed('next');
}

function unrecordable(exchange: Exchange): 'next' {
  exchange.refuse('LEDGER_UNAVAILABLE', gateSentence('LEDGER_UNAVAILABLE'));
  return 'next';
}

function unrecorded(cause: Error): ElulmcError {
  return new ElulmcError('LEDGER_UNAVAILABLE', gateSentence('LEDGER_UNAVAILABLE'), { cause });
}

/** The end of a stream: its second entry. Nobody waits for it; a stream whose end is missing is visible as such. */
export function closeStream(exchange: Exchange): void {
  const { recorder } = exchange.context;
  if (!recorder.failed()) recorder.appendNote(closeEntry(exchange));
  finishExchange(exchange);
}
