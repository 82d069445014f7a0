import { describe, expect, test } from 'vitest';
import { ElulmcError } from '../../src/core/errors.ts';
import { parseChat, parseCompletion, parseDetokenize, parseTokenize } from '../../src/engine/generation-request.ts';

const hello = { role: 'user', content: 'hello' };

function refusal(act: () => unknown): { readonly code: string; readonly field: string | undefined; readonly message: string } {
  try {
    act();
  } catch (error) {
    if (error instanceof ElulmcError) return { code: error.code, field: error.field, message: error.message };
    throw error;
  }
  throw new Error('it was accepted');
}

describe('bad requests name the field', () => {
  test.each([
    [null, undefined, 'the body must be a JSON object'],
    [[], undefined, 'the body must be a JSON object'],
    [{}, 'prompt', 'prompt: must be a text'],
    [{ prompt: 3 }, 'prompt', 'prompt: must be a text'],
    [{ prompt: [] }, 'prompt', 'prompt: must be a text'],
    [{ prompt: [260] }, 'prompt.0', 'prompt.0: Too big'],
    [{ prompt: [-1] }, 'prompt.0', 'prompt.0: Too small'],
    [{ prompt: [1, 'a'] }, 'prompt', 'prompt: must be a text'],
    [{ prompt: 'a', max_tokens: 0 }, 'max_tokens', 'max_tokens must be at least 1 without echo'],
    [{ prompt: 'a', max_tokens: -1 }, 'max_tokens', 'max_tokens'],
    [{ prompt: 'a', max_tokens: 1.5 }, 'max_tokens', 'max_tokens'],
    [{ prompt: 'a', max_tokens: 255 }, 'max_tokens', "This model's maximum context length is 256 tokens"],
    [{ prompt: 'a'.repeat(255) }, 'prompt', "This model's maximum context length is 256 tokens"],
    [{ prompt: 'a'.repeat(256), echo: true, max_tokens: 0 }, 'prompt', "This model's maximum context length is 256 tokens"],
    [{ prompt: '€'.repeat(86) }, 'prompt', 'the prompt alone has 259'],
    [{ prompt: ['a', 'b'.repeat(300)] }, 'prompt', 'the prompt alone has 301'],
    [{ prompt: 'a', temperature: -1 }, 'temperature', 'temperature'],
    [{ prompt: 'a', temperature: '1' }, 'temperature', 'temperature'],
    [{ prompt: 'a', top_p: 0 }, 'top_p', 'top_p'],
    [{ prompt: 'a', top_p: 1.1 }, 'top_p', 'top_p'],
    [{ prompt: 'a', n: 0 }, 'n', 'n: '],
    [{ prompt: 'a', n: 129 }, 'n', 'n: '],
    [{ prompt: ['a', 'b'], n: 65 }, 'n', 'at most 128 choices'],
    [{ prompt: 'a', seed: 1.5 }, 'seed', 'seed'],
    [{ prompt: 'a', stop: '' }, 'stop', 'stop: Too small'],
    [{ prompt: 'a', stop: 5 }, 'stop', 'stop: must be a text or up to 16 texts, none empty'],
    [{ prompt: 'a', stop: ['a', ''] }, 'stop.1', 'stop.1'],
    [{ prompt: 'a', logprobs: 21 }, 'logprobs', 'logprobs'],
    [{ prompt: 'a', logprobs: true }, 'logprobs', 'logprobs'],
    [{ prompt: 'a', stream: 'yes' }, 'stream', 'stream'],
    [{ prompt: 'a', stream_options: { include_usage: true } }, 'stream_options', 'stream_options can only be set when stream is true'],
    [{ prompt: 'a', stream: true, stream_options: { include_usage: 1 } }, 'stream_options.include_usage', 'stream_options.include_usage'],
    [{ prompt: 'a', suffix: 'b' }, 'suffix', 'suffix is not supported by the embedded engine'],
    [{ prompt: 'a', logit_bias: { 100: 5 } }, 'logit_bias', 'not supported'],
    [{ prompt: 'a', presence_penalty: 0.5 }, 'presence_penalty', 'not supported'],
    [{ prompt: 'a', prompt_logprobs: 1 }, 'prompt_logprobs', 'not supported'],
  ])('completion %j', (body, field, message) => {
    expect(refusal(() => parseCompletion(body))).toMatchObject({ code: 'FIELD_INVALID', field, message: expect.stringContaining(message) as string });
  });

  test.each([
    [{}, 'messages'],
    [{ messages: [] }, 'messages'],
    [{ messages: 'hi' }, 'messages'],
    [{ messages: [{ role: 'user' }] }, 'messages.0.content'],
    [{ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'x' } }] }] }, 'messages.0.content'],
    [{ messages: [hello], max_tokens: 0 }, 'max_tokens'],
    [{ messages: [hello], max_completion_tokens: 250 }, 'max_completion_tokens'],
    [{ messages: [hello], logprobs: true }, 'logprobs'],
    [{ messages: [hello], tools: [{ type: 'function' }] }, 'tools'],
    [{ messages: [hello], response_format: { type: 'json_object' } }, 'response_format'],
    [{ messages: [{ role: 'user', content: 'x'.repeat(256) }] }, 'prompt'],
  ])('chat %j', (body, field) => {
    expect(refusal(() => parseChat(body))).toMatchObject({ code: 'FIELD_INVALID', field });
  });

  test('tokenize and detokenize', () => {
    expect(refusal(() => parseTokenize({ text: 'a' })).message).toBe('the body: needs prompt (a text) or messages');
    expect(refusal(() => parseDetokenize({ tokens: [1000] })).field).toBe('tokens.0');
  });
});

describe('requests', () => {
  test('a text gets BOS, token ids stay as they are', () => {
    expect(parseCompletion({ prompt: 'ab' }).prompts).toEqual([{ tokens: [1, 100, 101], text: 'ab', maxTokens: 253 }]);
    expect(parseCompletion({ prompt: [100, 101], max_tokens: 3 }).prompts).toEqual([{ tokens: [100, 101], text: 'ab', maxTokens: 3 }]);
  });

  test('lists of prompts', () => {
    expect(parseCompletion({ prompt: ['a', 'b'] }).prompts.map((prompt) => prompt.text)).toEqual(['a', 'b']);
    expect(parseCompletion({ prompt: [[100], [101]] }).prompts.map((prompt) => prompt.tokens)).toEqual([[100], [101]]);
  });

  test('the context may be filled to its last token', () => {
    expect(parseCompletion({ prompt: 'a', max_tokens: 254 }).prompts[0]?.maxTokens).toBe(254);
    expect(parseCompletion({ prompt: 'a'.repeat(255), max_tokens: 0, echo: true }).prompts[0]?.tokens).toHaveLength(256);
  });

  test('absent and null mean the defaults', () => {
    const defaults = parseCompletion({ prompt: 'a' });
    expect(defaults).toMatchObject({
      n: 1,
      sampling: { temperature: 1, topP: 1, seed: null },
      stops: [],
      stream: false,
      includeUsage: false,
      echo: false,
      logprobs: null,
    });
    const nulls = {
      n: null,
      temperature: null,
      top_p: null,
      seed: null,
      stop: null,
      stream: null,
      stream_options: null,
      max_tokens: null,
      echo: null,
      logprobs: null,
      suffix: null,
    };
    expect(parseCompletion({ prompt: 'a', ...nulls })).toEqual(defaults);
  });

  test('fields that ask for nothing are no reason to refuse', () => {
    const neutral = { presence_penalty: 0, frequency_penalty: 0, logit_bias: {}, best_of: 1, top_k: -1, user: 'u', anything: 1 };
    expect(parseCompletion({ prompt: 'a', ...neutral }).prompts).toHaveLength(1);
    expect(parseChat({ messages: [hello], tools: [], response_format: { type: 'text' }, logprobs: false }).prompts).toHaveLength(1);
  });

  test('a chat becomes its contents on lines of their own', () => {
    const messages = [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Call ' },
          { type: 'text', text: 'me' },
        ],
      },
    ];
    expect(parseChat({ messages }).prompts[0]?.text).toBe('be brief\nCall me\n');
  });

  test('tokenize takes texts and chats', () => {
    expect(parseTokenize({ prompt: 'ab' })).toEqual([1, 100, 101]);
    expect(parseTokenize({ prompt: 'ab', add_special_tokens: false })).toEqual([100, 101]);
    expect(parseTokenize({ messages: [{ role: 'user', content: 'a' }] })).toEqual([1, 100, 13]);
    expect(parseDetokenize({ tokens: [1, 100, 198, 172] })).toBe('aé');
  });
});
