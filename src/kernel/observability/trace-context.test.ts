import { expect, test } from 'vitest';

import { createIdSource, formatTraceparent, parseTraceparent, spanIdOf } from './trace-context.ts';

const trace = '0af7651916cd43dd8448eb211c80319c';
const span = 'b7ad6b7169203331';

test.each([
  ['sampled', `00-${trace}-${span}-01`, true],
  ['not sampled', `00-${trace}-${span}-00`, false],
  ['flags that came later', `00-${trace}-${span}-03`, true],
  ['a later version', `cc-${trace}-${span}-01`, true],
  ['a later version with more behind it', `cc-${trace}-${span}-01-what-the-future-brings`, true],
])('continues a trace: %s', (_name, header, isSampled) => {
  expect(parseTraceparent(header)).toEqual({ traceId: trace, spanId: span, isSampled });
});

test.each([
  ['no header', undefined],
  ['nothing', ''],
  ['version ff', `ff-${trace}-${span}-01`],
  ['version 00 with more behind it', `00-${trace}-${span}-01-more`],
  ['a later version with no dash behind it', `cc-${trace}-${span}-01.more`],
  ['a trace of zeros', `00-${'0'.repeat(32)}-${span}-01`],
  ['a span of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${trace.toUpperCase()}-${span}-01`],
  ['short ids', `00-${trace.slice(1)}-${span}-01`],
  ['no digits', `00-${trace.replace('a', 'g')}-${span}-01`],
  ['two headers joined', `00-${trace}-${span}-01, 00-${trace}-${span}-01`],
  ['a novel', `cc-${trace}-${span}-01-${'x'.repeat(1000)}`],
])('begins a trace of its own: %s', (_name, header) => {
  expect(parseTraceparent(header)).toBeNull();
});

test('writes what it reads', () => {
  const header = `00-${trace}-${span}-01`;
  const parent = parseTraceparent(header);
  expect(parent && formatTraceparent(parent)).toBe(header);
});

test('ids are as long as W3C wants and do not repeat when the pool is filled anew', () => {
  const ids = createIdSource();
  const traces = new Set(Array.from({ length: 2000 }, () => ids.traceId()));
  const spans = new Set(Array.from({ length: 2000 }, () => ids.spanId()));
  expect([traces.size, spans.size]).toEqual([2000, 2000]);
  for (const id of traces) expect(id).toMatch(/^[\da-f]{32}$/);
  for (const id of spans) expect(id).toMatch(/^[\da-f]{16}$/);
});

test('a run without a span still has a valid span id to show', () => {
  expect(spanIdOf(trace)).toBe(trace.slice(16));
  expect(spanIdOf(`${span}${'0'.repeat(16)}`)).toBe(span);
});
