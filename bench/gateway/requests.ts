import type { Target } from './target.ts';

/** The load is one request, again and again: four messages, 673 bytes without `stream`, 687 with. */
export const MODEL = 'bench';

const MESSAGES = [
  { role: 'system', content: 's'.repeat(213) },
  { role: 'user', content: 'u'.repeat(246) },
  { role: 'assistant', content: 'a'.repeat(20) },
  { role: 'user', content: 'again?' },
];

/** Events of one stream of the mock. */
const EVENTS = 64;

export type Mode = 'json' | 'sse';

export function bodyOf(mode: Mode): string {
  return JSON.stringify({ model: MODEL, messages: MESSAGES, temperature: 0.2, max_tokens: 256, ...(mode === 'sse' ? { stream: true } : {}) });
}

/** The same headers for every target; those of Portkey name the upstream that the others know from their configuration. */
export function headersOf(target: Pick<Target, 'apiKey'>, mockOrigin: string): Record<string, string> {
  return {
    'content-type': 'application/json',
    authorization: `Bearer ${target.apiKey}`,
    'x-portkey-provider': 'openai',
    'x-portkey-custom-host': `${mockOrigin}/v1`,
  };
}

/** Throws unless the target answers both kinds of request in full. */
export async function checkAnswers(target: Target, mockOrigin: string): Promise<void> {
  for (const mode of ['json', 'sse'] as const) {
    const response = await fetch(`${target.url}/chat/completions`, { method: 'POST', headers: headersOf(target, mockOrigin), body: bodyOf(mode) });
    const text = await response.text();
    const whole = mode === 'json' ? text.includes('x'.repeat(600)) : text.split('" token').length - 1 === EVENTS && text.includes('data: [DONE]');
    if (response.status !== 200 || !whole) throw new Error(`${target.name} answers ${mode} with ${String(response.status)}: ${text.slice(0, 300)}`);
  }
}
