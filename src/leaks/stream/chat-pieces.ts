import { asRecord } from '../../core/json.ts';
import { addTokens, indexOf, type PieceList } from './text-piece.ts';

const TEXT_MEMBERS = new Set(['content', 'refusal', 'reasoning_content', 'reasoning']);
/** Strings of a delta that are no text of the model and come whole. */
const LABELS = new Set(['role', 'name', 'id', 'type']);

/** Chunks and bodies of chat and of completions. A body is a stream of one event: `message` and `delta` are read alike. */
export function addChatPieces(list: PieceList, event: Readonly<Record<string, unknown>>, streamed: boolean): void {
  for (const [name, value] of Object.entries(event)) {
    if (name !== 'choices' || !Array.isArray(value)) list.addAll(name, name, value);
    else value.forEach((entry: unknown, at) => addChoice(list, entry, indexOf(entry, at), streamed));
  }
}

function addChoice(list: PieceList, entry: unknown, index: string, streamed: boolean): void {
  const choice = list.for(index, false);
  const members = asRecord(entry);
  if (members === undefined) {
    choice.addAll('choice', '', entry);
    return;
  }
  for (const [name, value] of Object.entries(members)) {
    if (name === 'delta') addMessage(choice, value);
    // In a stream a message is the whole answer again.
    else if (name === 'message') addMessage(streamed ? list.for(index, true) : choice, value);
    else if (name === 'text') choice.add('text', 'text', value);
    else if (name === 'logprobs') addLogprobs(choice, value);
    else choice.addAll(name, name, value);
  }
}

function addMessage(list: PieceList, value: unknown): void {
  const members = asRecord(value);
  if (members === undefined) {
    list.addAll('delta', '', value, false);
    return;
  }
  for (const [name, member] of Object.entries(members)) {
    if (TEXT_MEMBERS.has(name)) addText(list, name, member);
    else if (name === 'tool_calls' && Array.isArray(member)) {
      member.forEach((entry: unknown, at) => addCall(list, `tool_calls.${indexOf(entry, at)}`, entry));
    } else if (name === 'function_call') addFunction(list, name, member);
    else if (name === 'audio' && asRecord(member) !== undefined) addAudio(list, asRecord(member) ?? {});
    else list.addAll(name, name, member, LABELS.has(name));
  }
}

/** A string, or a list of parts whose texts are one text. */
function addText(list: PieceList, field: string, value: unknown): void {
  if (typeof value === 'string') list.add(field, field, value);
  else if (Array.isArray(value)) {
    value.forEach((part: unknown, at) => {
      if (typeof part === 'string') list.add(field, '', part);
      for (const [name, member] of Object.entries(asRecord(part) ?? {})) {
        if (name === 'text') list.add(field, name, member);
        else list.addAll(`${field}.${indexOf(part, at)}.${name}`, name, member, LABELS.has(name));
      }
    });
  } else list.addAll(field, field, value, false);
}

function addCall(list: PieceList, field: string, value: unknown): void {
  for (const [name, member] of Object.entries(asRecord(value) ?? { value })) {
    if (name === 'function') addFunction(list, `${field}.function`, member);
    else if (name === 'custom') addFunction(list, `${field}.custom`, member);
    else list.addAll(`${field}.${name}`, name, member);
  }
}

/** Name, `arguments` (JSON in a string), `input`: all may come in pieces. */
function addFunction(list: PieceList, field: string, value: unknown): void {
  const members = asRecord(value);
  if (members === undefined) list.addAll(field, '', value, false);
  else for (const [name, member] of Object.entries(members)) list.addAll(`${field}.${name}`, name, member, false);
}

function addAudio(list: PieceList, audio: Readonly<Record<string, unknown>>): void {
  for (const [name, member] of Object.entries(audio)) list.addAll(`audio.${name}`, name, member, name !== 'transcript');
}

function addLogprobs(list: PieceList, value: unknown): void {
  for (const [name, entries] of Object.entries(asRecord(value) ?? {})) {
    if (name === 'content' || name === 'refusal' || name === 'tokens') addTokens(list, `logprobs.${name}`, entries);
  }
}
