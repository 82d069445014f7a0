import { asRecord } from '../../core/json.ts';
import { addChatPieces } from './chat-pieces.ts';
import { utf8Text } from './event-text.ts';
import type { InspectionTable } from './inspection-table.ts';
import type { InspectionFault } from './inspected-stream.ts';
import { parseJson } from './parse-json.ts';
import { addResponse } from './responses-pieces.ts';
import { type AnswerApi, PieceList } from './text-piece.ts';
import type { Leak } from './text-scan.ts';
import { TextStates } from './text-states.ts';

export interface BodyInspection {
  readonly leaks: readonly Leak[];
  /** The body could not be inspected in full. */
  readonly fault: InspectionFault | undefined;
}

/** Inspects an answer that came in one piece. */
export function inspectBody(table: InspectionTable, api: AnswerApi, bytes: Buffer, inspectInstructions = false): BodyInspection {
  const leaks: Leak[] = [];
  const failed = { leaks, fault: 'inspection_failed' } as const;
  const text = utf8Text(bytes);
  const body = text === undefined ? undefined : asRecord(parseJson(text)?.value);
  if (body === undefined) return failed;
  const list = new PieceList();
  if (api === 'responses') addResponse(list, body, inspectInstructions);
  else addChatPieces(list, body, false);
  const texts = new TextStates(table, (leak) => leaks.push(leak));
  for (const piece of list.pieces) if (texts.read(piece) === undefined) return failed;
  texts.finish();
  return { leaks, fault: undefined };
}
