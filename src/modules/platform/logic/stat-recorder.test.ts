import type { Sql } from 'postgres';
import { describe, expect } from 'vitest';

import { createDb } from '#kernel/database/session.ts';
import { newId } from '#kernel/ids.ts';
import { createActivity } from '#kernel/observability/activity.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { StatRecorder } from './stat-recorder.ts';

/** A process of its own, at a time of its own. */
const openProcess = ({ kernel }: TestApp, at = '2026-03-04T10:20:30Z') => {
  let time = Date.parse(at);
  const metrics = createMetrics();
  const activity = createActivity();
  const processId = newId();
  const deps = { ...kernel, metrics, activity, presence: { processId }, now: () => new Date(time) };
  const tasks = metrics.histogram({ name: 'ashlar_task_duration_seconds', help: '.', labelNames: ['task', 'outcome'] });
  const hits = metrics.counter({ name: 'ashlar_cache_hits_total', help: '.', labelNames: ['tier'] });
  const misses = metrics.counter({ name: 'ashlar_cache_misses_total', help: '.', labelNames: [] });
  return {
    deps,
    processId,
    activity,
    tasks,
    hits,
    misses,
    request: (status: number, seconds: number) => metrics.httpDuration({ route: '/x', method: 'GET', status }, seconds),
    pass: (seconds: number) => {
      time += seconds * 1000;
    },
  };
};

const rowsOf = async (sql: Sql, source: string) =>
  sql<{ at: string; requests: number; errors: number; ms: number; hits: number; misses: number; tasks: number }[]>`
    select to_char(minute at time zone 'UTC', 'HH24:MI') as at, requests::int, errors::int,
           round(latency_ms)::int as ms, cache_hits::int as hits, cache_misses::int as misses, tasks_done::int as tasks
      from platform.stat_minutes where source = ${source} order by minute`;

const nothing = { requests: 0, errors: 0, ms: 0, hits: 0, misses: 0, tasks: 0 };

describe('StatRecorder', () => {
  test('writes a minute, and the same row again while it lasts', async ({ app, sql }) => {
    const process = openProcess(app);
    const recorder = new StatRecorder(process.deps);
    process.request(200, 0.02);
    process.request(503, 0.04);
    process.tasks.observe({ task: 'a', outcome: 'done' }, 1);
    process.tasks.observe({ task: 'a', outcome: 'retry' }, 1);
    process.hits.add({ tier: 'l1' }, 3);
    process.misses.add({});
    await recorder.flush();
    process.request(200, 0.02);
    await recorder.flush();
    await recorder.flush();

    const row = { at: '10:20', requests: 3, errors: 1, ms: 80, hits: 3, misses: 1, tasks: 1 };
    expect(await rowsOf(sql, process.processId)).toEqual([row]);
    const buckets = await sql`
      select key::float8 as bound, value::int as requests from platform.stat_minutes, jsonb_each_text(latency)
       where source = ${process.processId} order by key::float8`;
    expect(buckets).toEqual([
      { bound: 25, requests: 2 },
      { bound: 42, requests: 1 },
    ]);
  });

  test('begins another row with another minute, and writes nothing while nothing happens', async ({ app, sql }) => {
    const process = openProcess(app);
    const recorder = new StatRecorder(process.deps);
    process.request(200, 0.001);
    process.pass(30);
    await recorder.flush();
    process.pass(60);
    await recorder.flush();
    process.request(200, 0.001);
    process.request(200, 0.001);
    await recorder.stop();
    expect(await rowsOf(sql, process.processId)).toEqual([
      { ...nothing, at: '10:20', requests: 1, ms: 1 },
      { ...nothing, at: '10:22', requests: 2, ms: 2 },
    ]);
  });

  test('keeps what it cannot write until it can', async ({ app, sql }) => {
    const process = openProcess(app);
    const person = buildActor();
    let isAway = true;
    const away = createDb(() => Promise.reject(new Error('away')));
    const database = {
      get lanes() {
        return isAway ? away : app.kernel.database.lanes;
      },
    };
    const recorder = new StatRecorder({ ...process.deps, database });
    process.request(200, 0.001);
    process.activity.see(person);
    process.pass(40);
    await recorder.flush();
    process.request(200, 0.001);
    process.pass(60);
    await recorder.flush();
    expect(await rowsOf(sql, process.processId)).toEqual([]);

    isAway = false;
    await recorder.flush();
    expect(await rowsOf(sql, process.processId)).toMatchObject([
      { at: '10:20', requests: 1 },
      { at: '10:21', requests: 1 },
    ]);
    expect(await sql`select day::text from platform.daily_active where actor_id = ${person.id}`).toEqual([
      { day: '2026-03-04' },
    ]);
  });

  test('counts a person once a day, whoever sees it and however often', async ({ app, sql }) => {
    const [ada, bob] = [buildActor({ type: 'user' }), buildActor({ type: 'user' })];
    const at = '2026-03-05T23:58:30Z';
    const processes = [openProcess(app, at), openProcess(app, at)];
    const recorders = processes.map(({ deps }) => new StatRecorder(deps));
    const flush = async () => {
      for (const recorder of recorders) await recorder.flush();
    };
    for (const { activity } of processes) activity.see(ada);
    await flush();
    processes[0]?.activity.see(bob);
    for (const process of processes) process.pass(60);
    await flush();
    expect(recorders.map(({ activeToday }) => activeToday)).toEqual([2, 2]);

    for (const process of processes) process.pass(60);
    await flush();
    for (const { activity } of processes) activity.see(ada);
    await flush();
    expect(recorders.map(({ activeToday }) => activeToday)).toEqual([1, 1]);
    expect(
      await sql`
        select day::text, count(*)::int as people from platform.daily_active
         where actor_id in (${ada.id}, ${bob.id}) group by day order by day`,
    ).toEqual([
      { day: '2026-03-05', people: 2 },
      { day: '2026-03-06', people: 1 },
    ]);
  });

  test('is told by the chain what the metrics count anyway, and who acts', async ({ app, sql }) => {
    const process = openProcess(app);
    const person = buildActor();
    const { metrics, activity } = app.kernel;
    const recorder = new StatRecorder({ ...process.deps, metrics, activity });
    await recorder.flush();
    process.pass(60);
    await recorder.flush();
    await app.as(person).request('/api/v1/platform/health-report');
    await recorder.flush();
    expect(await rowsOf(sql, process.processId)).toContainEqual(expect.objectContaining({ at: '10:21', requests: 1 }));
    expect(await sql`select from platform.daily_active where actor_id = ${person.id}`).toHaveLength(1);
    expect(await metrics.expose()).toMatch(/^ashlar_active_users 0$/m);
  });
});
