import { parentPort } from 'node:worker_threads';
import { asElulmcError } from '../core/errors.ts';
import { parseMarkdown } from './markdown.ts';
import type { ParseAnswer } from './parse.ts';

/** Body of the thread that parse.ts starts: one text in, one answer out, as often as it is asked. */
function answerTo(text: string): ParseAnswer {
  try {
    return { document: parseMarkdown(text) };
  } catch (thrown) {
    return { invalid: asElulmcError(thrown).message };
  }
}

parentPort?.on('message', (text: string) => {
  parentPort?.postMessage(answerTo(text));
});
