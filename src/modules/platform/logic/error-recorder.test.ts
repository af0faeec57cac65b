import { expect } from 'vitest';

import type { Database } from '#kernel/database/database.ts';
import { kernelError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { createLogRing } from '#kernel/observability/log-ring.ts';
import { createSentinel } from '#kernel/sentinel/sentinel.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { buildLog, buildTelemetry } from '#test/build.ts';
import { test } from '#test/database.ts';
import { ErrorRecorder } from './error-recorder.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';

/** A process of its own, as far as errors go. */
const open = async (database: Pick<Database, 'transaction'>) => {
  const lines: Record<string, unknown>[] = [];
  const log = buildLog(lines);
  let ms = Date.now();
  const now = () => new Date((ms += 1));
  const sentinel = createSentinel({ release: '1.2.3', recent: createLogRing(), log, now });
  const tell = () => Promise.resolve();
  const recorder = new ErrorRecorder({ sentinel, database, log, telemetry: await buildTelemetry(log), tell });
  recorder.start();
  const fail = (operation: string, cause: Error = new RangeError('broken')) =>
    sentinel.record({ operation, traceId, actorId: null, error: kernelError('INTERNAL', { cause }), input: { a: 1 } });
  const messages = () => lines.map(({ msg }) => msg);
  return { recorder, fail, messages };
};

/** Operations of this run alone, so that nothing else in the database is theirs. */
const name = () => `probe.${newId()}`;

test('stores by itself, within seconds, what was gathered', async ({ database, sql }) => {
  const { recorder, fail } = await open(database);
  const operation = name();
  for (let count = 0; count < 3; count += 1) fail(operation);
  const [group] = await eventually('the group is stored', async () => {
    const rows = await sql`select * from platform.error_groups where operation = ${operation}`;
    return rows.length > 0 && rows;
  });
  expect(group).toMatchObject({
    code: 'RangeError',
    message: 'RangeError: broken',
    state: 'open',
    count: '3',
    last_trace_id: traceId,
    first_release: '1.2.3',
    frames: expect.arrayContaining(['fail src/modules/platform/logic/error-recorder.test.ts']),
  });
  const samples = await sql`select * from platform.error_samples where group_id = ${group?.['id']}`;
  expect(samples).toHaveLength(3);
  expect(samples[0]).toMatchObject({ input_shape: { a: 'number' }, trace_id: traceId, actor_id: null });
  await recorder.stop();
});

test('two processes count one error together, and keep a hundred samples of it', async ({ database, sql }) => {
  const [one, other] = [await open(database), await open(database)];
  const operation = name();
  for (let count = 0; count < 80; count += 1) {
    one.fail(operation);
    other.fail(operation);
  }
  await Promise.all([one.recorder.stop(), other.recorder.stop()]);
  const [group] = await sql`
    select g.count::int, (select count(*)::int from platform.error_samples s where s.group_id = g.id) as samples
    from platform.error_groups g where operation = ${operation}`;
  expect(group).toEqual({ count: 160, samples: 100 });
});

test('a flood of a thousand kinds is stored at once, and once', async ({ database, sql }) => {
  const { recorder, fail } = await open(database);
  const prefix = name();
  for (let kind = 0; kind < 3_000; kind += 1) fail(`${prefix}-${kind}`);
  await recorder.stop();
  const [stored] = await sql`
    select count(*)::int as groups from platform.error_groups where starts_with(operation, ${prefix})`;
  const [rest] = await sql`
    select count::int from platform.error_groups where code = 'TOO_MANY_DIFFERENT_ERRORS'`;
  expect(stored).toEqual({ groups: 999 });
  expect(rest).toEqual({ count: 2_001 });
});

test('waits while PostgreSQL is away, says so once, and loses nothing', async ({ database, sql }) => {
  let isAway = true;
  const { recorder, fail, messages } = await open({
    transaction: (fn) => (isAway ? Promise.reject(kernelError('DATABASE_UNAVAILABLE')) : database.transaction(fn)),
  });
  const operation = name();
  fail(operation);
  for (let times = 0; times < 8; times += 1) expect(await recorder.flush()).toBe(false);
  fail(operation);
  isAway = false;
  await eventually('both are stored', async () => {
    const [row] = await sql`select count::int from platform.error_groups where operation = ${operation}`;
    return row?.['count'] === 2;
  });
  expect(messages()).toEqual(['errors cannot be stored; they wait, and are counted', 'errors are stored again']);
  await recorder.stop();
});

test('counts once what was committed without an answer', async ({ database, sql }) => {
  let isCut = true;
  const { recorder, fail } = await open({
    transaction: async (fn) => {
      const value = await database.transaction(fn);
      if (isCut) throw kernelError('DATABASE_UNAVAILABLE');
      return value;
    },
  });
  const operation = name();
  fail(operation);
  expect(await recorder.flush()).toBe(false);
  isCut = false;
  await recorder.stop();
  const rows = await sql`select count::int from platform.error_groups where operation = ${operation}`;
  expect(rows).toEqual([{ count: 1 }]);
});

test('names in the log what it could not store before the end', async () => {
  const away = await open({ transaction: () => Promise.reject(kernelError('DATABASE_UNAVAILABLE')) });
  away.fail(name());
  await away.recorder.stop();
  expect(away.messages()).toContain('errors could not be stored before the end');
});

test('gives up what PostgreSQL refuses again and again, and goes on with the next', async ({ database, sql }) => {
  let refusals = 0;
  const { recorder, fail, messages } = await open({
    transaction: (fn) => {
      refusals += 1;
      return refusals <= 5 ? Promise.reject(new Error('refused')) : database.transaction(fn);
    },
  });
  fail(name());
  for (let times = 0; times < 5; times += 1) await recorder.flush();
  expect(messages().at(-1)).toBe('errors were refused and are lost');
  const operation = name();
  fail(operation);
  await recorder.stop();
  expect(await sql`select from platform.error_groups where operation = ${operation}`).toHaveLength(1);
});
