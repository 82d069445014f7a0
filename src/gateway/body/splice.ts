import { jsonMembers } from './json-members.ts';

/** Changes to a body that is forwarded otherwise byte for byte. */
export interface Splices {
  /** Name of the model on the upstream; undefined leaves the member as it is. */
  readonly model: string | undefined;
  /** New value of `stream_options`; undefined leaves the member as it is. */
  readonly streamOptions: Readonly<Record<string, unknown>> | undefined;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** `bytes` must be a valid JSON object. Members are replaced in place, or put in front where they are absent. */
export function spliceBody(bytes: Buffer, splices: Splices): Buffer {
  if (splices.model === undefined && splices.streamOptions === undefined) return bytes;
  const members = jsonMembers(bytes);
  const added: string[] = [];
  const edits: Edit[] = [];
  const set = (name: string, value: unknown): void => {
    if (value === undefined) return;
    // JSON.parse takes the last of several members of one name: so does the edit.
    const member = members.findLast((candidate) => candidate.name === name);
    if (member === undefined) added.push(`${JSON.stringify(name)}:${JSON.stringify(value)}`);
    else edits.push({ start: member.start, end: member.end, text: JSON.stringify(value) });
  };
  set('model', splices.model);
  set('stream_options', splices.streamOptions);
  const front = bytes.indexOf(0x7b) + 1;
  if (added.length > 0) edits.push({ start: front, end: front, text: added.join(',') + (members.length === 0 ? '' : ',') });
  return applyEdits(bytes, edits);
}

function applyEdits(bytes: Buffer, edits: Edit[]): Buffer {
  edits.sort((a, b) => a.start - b.start);
  const parts: Buffer[] = [];
  let position = 0;
  for (const edit of edits) {
    parts.push(bytes.subarray(position, edit.start), Buffer.from(edit.text));
    position = edit.end;
  }
  parts.push(bytes.subarray(position));
  return Buffer.concat(parts);
}
