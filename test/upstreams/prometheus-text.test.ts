import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meanOf, parsePrometheusText, sumOf } from '../../src/upstreams/prometheus-text.ts';

/** Any characters, those beyond 16 bits and control characters too. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0x10ffff }).filter((point) => point < 0xd800 || point > 0xdfff))
  .map((points) => String.fromCodePoint(...points));

function only(line: string): { readonly name: string; readonly labels: object; readonly value: number } | undefined {
  const [sample] = parsePrometheusText(line);
  return sample === undefined ? undefined : { ...sample, labels: Object.fromEntries(sample.labels) };
}

describe('parsePrometheusText', () => {
  test.each([
    [''],
    ['# HELP a b'],
    ['# TYPE a gauge'],
    ['# EOF'],
    ['<html>'],
    ['{"a": 1}'],
    ['a'],
    ['a '],
    ['a b'],
    ['a{'],
    ['a{b} 1'],
    ['a{b=} 1'],
    ['a{b="c} 1'],
    ['a{b="c"'],
    ['a{b="c"} '],
    ['1a 1'],
    ['a 0x10'],
    ['a 1_000'],
    ['a 1e'],
    ['a Infinite'],
    ['\0\0\0'],
  ])('%j is no sample', (line) => {
    expect(parsePrometheusText(line)).toEqual([]);
  });

  test.each([
    ['a 1', { name: 'a', labels: {}, value: 1 }],
    ['vllm:num_requests_running{engine="0",model_name="m"} 3.0', { name: 'vllm:num_requests_running', labels: { engine: '0', model_name: 'm' }, value: 3 }],
    ['a{} 2', { name: 'a', labels: {}, value: 2 }],
    ['a{b="c",} 2', { name: 'a', labels: { b: 'c' }, value: 2 }],
    ['a{ b = "c" , d="e" }  2  1395066363000', { name: 'a', labels: { b: 'c', d: 'e' }, value: 2 }],
    ['a{b="x\\\\y\\"z\\nw, } 7"} 8.128902e+06', { name: 'a', labels: { b: 'x\\y"z\nw, } 7' }, value: 8_128_902 }],
    ['a_bucket{le="+Inf"} 5 # {trace_id="x"} 0.67 1520879607.789', { name: 'a_bucket', labels: { le: '+Inf' }, value: 5 }],
    ['a +Inf', { name: 'a', labels: {}, value: Infinity }],
    ['a -Inf', { name: 'a', labels: {}, value: -Infinity }],
    ['a NaN', { name: 'a', labels: {}, value: NaN }],
    ['a -.5', { name: 'a', labels: {}, value: -0.5 }],
    ['a 1\r', { name: 'a', labels: {}, value: 1 }],
    ['a{__proto__="x"} 1', { name: 'a', labels: Object.fromEntries([['__proto__', 'x']]), value: 1 }],
  ])('%j', (line, sample) => {
    expect(only(line)).toEqual(sample);
  });

  test('whatever a label holds comes back', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const escaped = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
        const sample = parsePrometheusText(`m{l="${escaped}"} 1`)[0];
        expect(sample?.labels.get('l')).toBe(value);
      }),
    );
  });

  test('garbage neither throws nor takes long', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(Array.isArray(parsePrometheusText(text))).toBe(true);
      }),
    );
    const open = `a{b="${'\\\\'.repeat(1_000_000)}`;
    expect(parsePrometheusText(`${open}\n${'a{'.repeat(1_000_000)}\n${'a{b="",'.repeat(200_000)}`)).toEqual([]);
  });

  test('sums and means look at the first name that is there and at finite values', () => {
    const samples = parsePrometheusText('new{engine="0"} 1\nnew{engine="1"} 3\nold 100\nodd NaN\nodd +Inf\n');
    expect(sumOf(samples, ['new', 'old'])).toBe(4);
    expect(meanOf(samples, ['new', 'old'])).toBe(2);
    expect(sumOf(samples, ['absent', 'old'])).toBe(100);
    expect(sumOf(samples, ['absent'])).toBeNull();
    expect(meanOf(samples, ['absent'])).toBeNull();
    expect(sumOf(samples, ['odd'])).toBeNull();
  });
});
