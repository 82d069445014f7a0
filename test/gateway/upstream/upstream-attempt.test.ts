import { expect, test } from 'vitest';
import type { Dispatcher } from 'undici';
import { Exchange } from '../../../src/gateway/exchange.ts';
import { UpstreamAttempt } from '../../../src/gateway/upstream/upstream-attempt.ts';

interface Heard {
  readonly events: string[];
  readonly attempt: UpstreamAttempt;
}

function attempt(): Heard {
  const events: string[] = [];
  const note = (name: string) => (): void => {
    events.push(name);
  };
  const exchange = Object.create(Exchange.prototype) as Exchange;
  return {
    events,
    attempt: new UpstreamAttempt(exchange, { head: note('head'), data: note('data'), end: note('end'), error: note('error') }, 'a', 'm', false),
  };
}

function controller(): Dispatcher.DispatchController & { readonly calls: string[] } {
  const calls: string[] = [];
  const note = (name: string) => (): void => {
    calls.push(name);
  };
  return { calls, aborted: false, paused: false, reason: null, abort: note('abort'), pause: note('pause'), resume: note('resume') };
}

test('an abort before the request was sent takes effect when it would be sent', () => {
  const { attempt: one, events } = attempt();
  one.abort();
  const late = controller();
  one.onRequestStart(late);
  expect(late.calls).toEqual(['abort']);
  one.onResponseError(late, new Error('aborted'));
  expect(events).toEqual([]);
});

test('nothing is reported after an abort, and it aborts once', () => {
  const { attempt: one, events } = attempt();
  const open = controller();
  one.onRequestStart(open);
  one.onResponseStart(open, 103, {});
  one.onResponseStart(open, 200, {});
  one.onResponseData(open, Buffer.from('x'));
  one.abort('UPSTREAM_INVALID');
  one.abort();
  one.onResponseData(open, Buffer.from('y'));
  one.onResponseEnd();
  one.pause();
  expect(events).toEqual(['head', 'data']);
  expect(open.calls).toEqual(['abort']);
  expect(one.summary()).toMatchObject({ upstream: 'a', status: 200, problem: 'UPSTREAM_INVALID' });
});
