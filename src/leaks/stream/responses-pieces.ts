import { asRecord } from '../../core/json.ts';
import { addTokens, type PieceList } from './text-piece.ts';

/** Names of members that tell parallel texts of one output item apart. */
const INNER = ['content_index', 'summary_index'] as const;
/** Their `delta` is JSON. */
const NESTED = new Set(['response.function_call_arguments.delta', 'response.mcp_call_arguments.delta']);

function place(value: unknown): string {
  return typeof value === 'number' || typeof value === 'string' ? String(value) : '0';
}

/** Whether the type is one that an event of the Responses API can have. */
export function isResponsesType(type: unknown): type is string {
  return typeof type === 'string' && (type.startsWith('response.') || type === 'error' || type === 'ping' || type === 'keepalive');
}

/**
 * An event of the Responses API. The `delta` of any event goes on from event to event, also of types that came after this was written;
 * everything else (`*.done`, items, parts, the response itself) repeats whole strings.
 */
export function addResponsesEvent(list: PieceList, event: Readonly<Record<string, unknown>>, inspectInstructions: boolean): void {
  const type = place(event['type']);
  const output = list.for(place(event['output_index'] ?? event['item_id'] ?? ''), false);
  const inner = INNER.map((name) => (event[name] === undefined ? '' : place(event[name]))).join('');
  const field = inner === '' ? type : `${inner}/${type}`;
  for (const [name, value] of Object.entries(event)) {
    if (name === 'delta' && typeof value === 'string') output.add(field, name, value, NESTED.has(type));
    else if (name === 'delta') output.addAll(`${field}.delta`, name, value, false);
    else if (name === 'logprobs') addTokens(output, `${field}.logprobs`, value);
    else if (name === 'response') addResponse(output, asRecord(value) ?? { value }, inspectInstructions);
    else output.addAll(`${type}.${name}`, name, value);
  }
}

/** A response object: it echoes the caller's `instructions`, which are no leak unless this side has added to them. */
export function addResponse(list: PieceList, response: Readonly<Record<string, unknown>>, inspectInstructions: boolean): void {
  for (const [name, value] of Object.entries(response)) if (name !== 'instructions' || inspectInstructions) list.addAll(`response.${name}`, name, value);
}
