import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { buildLog } from '#test/build.ts';
import { kernelError } from '../error.ts';
import { createLogRing } from '../observability/log-ring.ts';
import { openLogger } from '../observability/logger.ts';
import { createScope, runInScope } from '../observability/scope.ts';
import type { Failure } from './failure.ts';
import { createSentinel, type SentinelDeps } from './sentinel.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

const open = (over: Partial<SentinelDeps> = {}) =>
  createSentinel({ release: '1.2.3', recent: createLogRing(), log: buildLog(), now: () => new Date(), ...over });

/** Always from the same place. */
const broken = (): Error =>
  Object.assign(new Error('broken'), {
    stack: 'Error: broken\n    at fail (file:///srv/src/modules/probe/fail.ts:1:1)',
  });

const fail = (changes: Partial<Failure> = {}, cause: unknown = broken()): Failure => ({
  operation: 'probe.fail',
  traceId,
  actorId: null,
  error: kernelError('INTERNAL', { cause }),
  input: undefined,
  ...changes,
});

test('counts a thousand of the same as one, with the first hundred as samples', () => {
  const sentinel = open();
  for (let count = 0; count < 1_000; count += 1) sentinel.record(fail());

  const [seen, ...others] = sentinel.take();
  expect(others).toEqual([]);
  expect(seen).toMatchObject({ operation: 'probe.fail', code: 'Error', count: 1_000, lastTraceId: traceId });
  expect(seen?.samples).toHaveLength(100);
  expect(sentinel.take()).toEqual([]);
});

test('brings no more samples than are still wanted, but always one', () => {
  const sentinel = open();
  sentinel.record(fail());
  const fingerprint = sentinel.take()[0]?.fingerprint ?? '';
  const samplesAfter = (stored: number): number | undefined => {
    sentinel.learn(fingerprint, stored);
    for (let count = 0; count < 200; count += 1) sentinel.record(fail());
    return sentinel.take()[0]?.samples.length;
  };
  expect(samplesAfter(97)).toBe(3);
  expect(samplesAfter(100)).toBe(1);
});

test('stays within its bounds in a flood of different errors, and loses no count', () => {
  const sentinel = open();
  for (let kind = 0; kind < 5_000; kind += 1) sentinel.record(fail({ operation: `probe.kind-${kind}` }));
  for (let count = 0; count < 2_000; count += 1) sentinel.record(fail({ operation: 'probe.kind-0' }));

  const seen = sentinel.take();
  expect(seen).toHaveLength(1_000);
  expect(seen.reduce((sum, { count }) => sum + count, 0)).toBe(7_000);
  expect(seen.reduce((sum, { samples }) => sum + samples.length, 0)).toBeLessThanOrEqual(1_300);
  expect(seen.find(({ code }) => code === 'TOO_MANY_DIFFERENT_ERRORS')).toMatchObject({
    operation: null,
    count: 4_001,
  });
});

test('tells listeners once that there is something, and again after it was taken', () => {
  const sentinel = open();
  sentinel.record(fail());
  let calls = 0;
  const stop = sentinel.listen(() => {
    calls += 1;
  });
  expect(calls).toBe(1);
  sentinel.record(fail());
  expect(calls).toBe(1);
  sentinel.take();
  sentinel.record(fail());
  expect(calls).toBe(2);
  stop();
  sentinel.take();
  sentinel.record(fail());
  expect(calls).toBe(2);
});

test('does not become another error: what cannot be read is a line in the log', () => {
  const lines: Record<string, unknown>[] = [];
  const sentinel = open({ log: buildLog(lines) });
  const hostile = Object.defineProperty(new Error('no'), 'stack', {
    get: () => {
      throw new Error('unreadable');
    },
  });
  sentinel.record(fail({}, hostile));
  expect(sentinel.take()).toEqual([]);
  expect(lines).toEqual([expect.objectContaining({ msg: 'an error could not be gathered' })]);
});

test('keeps the last 20 lines of the trace, and those of no other', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ashlar-sentinel-'));
  const { log, recent, close } = await openLogger({
    level: 'info',
    format: 'json',
    output: join(folder, 'ashlar.log'),
    rotation: { sizeMegabytes: 100, frequency: 'daily', keep: 14 },
    release: '1.2.3',
    role: 'test',
  });
  try {
    for (let line = 0; line < 3_000; line += 1) {
      runInScope(createScope('f'.repeat(32), null), () => log.info({ line }, 'another'));
      if (line % 40 === 0)
        runInScope(createScope(traceId, null), () => log.info({ line, password: 'planted' }, 'ours'));
    }
    const sentinel = open({ recent });
    sentinel.record(fail());
    const logged = sentinel.take()[0]?.samples[0]?.logLines ?? [];
    const lines: unknown[] = logged.map((line) => JSON.parse(line));
    expect(lines).toHaveLength(20);
    expect(lines[0]).toMatchObject({ line: 2_200, msg: 'ours', traceId, password: '[secret]' });
    expect(lines.at(-1)).toMatchObject({ line: 2_960, msg: 'ours', traceId });
  } finally {
    await close();
    await rm(folder, { recursive: true });
  }
});

test('keeps the shape of the input, and none of its values anywhere', () => {
  const recent = createLogRing();
  const secret = 'planted "passphrase"\nof two lines';
  const url = 'postgres://owner:planted-too@db/x';
  recent.add(`${JSON.stringify({ traceId, note: `cannot use ${secret}` })}\n`);
  const sentinel = open({ recent });
  const input = {
    login: 'ada@example.com',
    password: secret,
    age: 36,
    tags: ['first-planted', 'second-planted'],
    when: new Date(0),
    none: null,
    bytes: new Uint8Array(3),
    nested: { one: { two: { three: { four: 'deep-planted' } } } },
    'planted key of somebody': true,
  };
  const cause = new Error(`could not connect to ${url} for ${secret}`, { cause: new Error(`said ada@example.com`) });
  sentinel.record(fail({ input, actorId: '01980000-0000-7000-8000-000000000001' }, cause));

  const [sample] = sentinel.take()[0]?.samples ?? [];
  expect(sample).toMatchObject({ traceId, actorId: '01980000-0000-7000-8000-000000000001', release: '1.2.3' });
  expect(JSON.parse(sample?.inputShape ?? '')).toEqual({
    login: 'string(15)',
    password: 'string(33)',
    age: 'number',
    tags: ['array(2)', 'string(13)'],
    when: 'date',
    none: 'null',
    bytes: 'bytes(3)',
    nested: { one: { two: { three: 'and so on' } } },
    '[key 9]': 'boolean',
  });
  expect(sample?.message).toBe('Error: could not connect to postgres://[secret]@db/x for [input]');
  expect(sample?.stack).toContain('caused by Error: said [input]');
  expect(sample?.stack).toContain('sentinel.test.ts');
  expect(JSON.stringify(sample)).not.toMatch(/planted|passphrase|two lines|ada@/);
});

test('text that PostgreSQL does not take is made fit', () => {
  const sentinel = open();
  sentinel.record(fail({}, new Error('nul \0 and half \ud800')));
  expect(sentinel.take()[0]?.samples[0]?.message).toBe('Error: nul \u{FFFD} and half \u{FFFD}');
});
