import type { ElulmcError } from '../../core/errors.ts';

/** The last event of a stream that is cut: what OpenAI clients read as an error. No end marker follows it. */
export function errorEvent(api: 'chat' | 'completions' | 'responses' | null, failure: ElulmcError, requestId: string, nextSequence: number): Buffer {
  const { code, message } = failure;
  if (api === 'responses') {
    const data = { type: 'error', code, message, param: null, sequence_number: nextSequence, request_id: requestId };
    return Buffer.from(`event: error\ndata: ${JSON.stringify(data)}\n\n`);
  }
  return Buffer.from(`data: ${JSON.stringify({ error: { message, type: failure.row.type, code, request_id: requestId } })}\n\n`);
}
