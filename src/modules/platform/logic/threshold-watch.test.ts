import { describe, expect } from 'vitest';
import { inject } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { createEventMetrics } from '#kernel/events/event-metrics.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { createTaskMetrics } from '#kernel/tasks/task-metrics.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';
import { thresholds } from '../domain/thresholds.ts';
import { claimEvaluation } from '../store/evaluation.ts';
import { upsertStatMinutes } from '../store/statistics.ts';
import { createAlerts } from './alerts.ts';
import { createNotices } from './notices.ts';
import { createProcessSampler, type OwnSample } from './process-sampler.ts';
import { ThresholdWatch } from './threshold-watch.ts';

/** A process that is well. */
const well: OwnSample = {
  host: 'probe-host',
  pid: 4711,
  cpuPercent: 5,
  eventLoopP99Ms: 1,
  residentBytes: 1,
  memoryPercent: 10,
  diskPercent: 10,
};

/** An evaluator that sees processes as a test wants them. */
const watchOver = (app: TestApp, changes: Partial<Kernel> = {}) => {
  let own = well;
  const kernel = { ...app.kernel, metrics: createMetrics(), ...changes };
  const notices = createNotices({ kernel, alerting: { emailTo: [] } });
  const sampler = { start: () => undefined, stop: () => undefined, sample: () => Promise.resolve(own) };
  const watch = new ThresholdWatch({ kernel, sampler, alerts: createAlerts({ kernel, notices }) });
  return {
    kernel,
    watch,
    /** Evaluates so often, each time with a new sample like this. */
    see: async (sql: Sql, sample: Partial<OwnSample>, times: number) => {
      own = { ...well, ...sample };
      for (let time = 0; time < times; time += 1) {
        // As 25 seconds later; and only the newest sample counts.
        await sql`delete from platform.evaluations`;
        await sql`delete from platform.process_samples`;
        await watch.look();
      }
    },
  };
};

type Sql = Awaited<ReturnType<typeof openSession>>['sql'];

const listAlerts = async (app: TestApp, query: string) =>
  JSON.parse(await (await app.as(buildActor()).request(`/api/v1/platform/alerts?${query}`)).text()).items;

const alertsOf = async (app: TestApp, signal: string) =>
  (await listAlerts(app, 'limit=200')).filter((alert: { signal: string }) => alert.signal === signal);

describe('the evaluator', () => {
  test('raises after two readings, makes it worse after two, and resolves after two', async ({ app, sql }) => {
    const { see } = watchOver(app);
    await see(sql, { cpuPercent: 75 }, 1);
    expect(await alertsOf(app, 'cpu')).toEqual([]);
    await see(sql, { cpuPercent: 75 }, 1);
    expect(await alertsOf(app, 'cpu')).toMatchObject([
      { level: 'warning', state: 'active', value: 75, key: 'threshold:cpu', resolvedAt: null },
    ]);
    const [{ id, subject }] = await alertsOf(app, 'cpu');
    expect(subject).toBe('The CPU time of a process, of one core is 75 percent: test on probe-host, process 4711');

    const acknowledged = await app
      .as(buildActor())
      .request(`/api/v1/platform/alerts/${id}/acknowledge`, { method: 'POST' });
    expect(acknowledged.status).toBe(204);
    await see(sql, { cpuPercent: 99 }, 1);
    expect(await alertsOf(app, 'cpu')).toMatchObject([{ id, level: 'warning', state: 'acknowledged' }]);
    await see(sql, { cpuPercent: 99 }, 1);
    expect(await alertsOf(app, 'cpu')).toMatchObject([
      { id, level: 'critical', state: 'active', acknowledgedBy: null },
    ]);

    await see(sql, {}, 1);
    expect(await alertsOf(app, 'cpu')).toMatchObject([{ id, level: 'critical', state: 'active' }]);
    await see(sql, {}, 1);
    expect(await alertsOf(app, 'cpu')).toMatchObject([{ id, state: 'resolved', resolvedAt: expect.any(String) }]);
    const told = app.logged.flatMap(({ notice, msg }) => (notice === undefined ? [] : [msg]));
    expect(told).toEqual(expect.arrayContaining(['warning: cpu', 'critical: cpu', 'resolved: cpu']));
  });

  test('counts requests of all processes, and not those of a quiet night', async ({ app, sql }) => {
    const { see } = watchOver(app);
    const minuteMs = 60_000;
    const minute = new Date(Math.floor(app.clock.now().getTime() / minuteMs) * minuteMs - minuteMs);
    const count = (requests: number, errors: number) =>
      upsertStatMinutes(app.kernel.database.lanes, [
        {
          minute,
          source: newId(),
          requests,
          errors,
          latencyMs: requests,
          latency: { 2500: requests },
          cacheHits: 0,
          cacheMisses: 0,
          tasksDone: 0,
        },
      ]);
    await count(10, 10);
    await see(sql, {}, 2);
    expect(await alertsOf(app, 'http_error_share')).toEqual([]);
    await count(90, 0);
    await see(sql, {}, 2);
    expect(await alertsOf(app, 'http_error_share')).toMatchObject([{ level: 'critical', value: 10 }]);
    expect(await alertsOf(app, 'http_p99')).toMatchObject([{ level: 'warning', value: expect.closeTo(2.5, 1) }]);
    await sql`delete from platform.stat_minutes`;
    await see(sql, {}, 2);
    expect(await alertsOf(app, 'http_error_share')).toMatchObject([{ state: 'resolved' }]);
  });

  test('names the task that waits, whether or not a worker serves its queue', async ({ app, sql }) => {
    const { see } = watchOver(app);
    const queue = newId();
    await sql`
      insert into kernel.tasks (id, queue, name, priority, run_at, payload)
      values (${newId()}, ${queue}, 'probe.old', 7, now() - interval '700 seconds', '{}'),
        (${newId()}, ${`a${queue}`}, 'probe.young', 3, now(), '{}'), (${newId()}, ${`z${queue}`}, 'probe.later', 3, now() + interval '1 day', '{}')`;
    await see(sql, {}, 2);
    expect(await alertsOf(app, 'oldest_ready_task')).toMatchObject([
      { level: 'critical', subject: expect.stringContaining(`in the queue ${queue}`) },
    ]);
    await sql`insert into kernel.queues (name, paused_at) values (${queue}, now())`;
    await see(sql, {}, 2);
    expect(await alertsOf(app, 'oldest_ready_task')).toMatchObject([{ state: 'resolved' }]);
  });

  test('names who holds events and seals up: an open write, in whichever database', async ({ app, sql }) => {
    const late = { ...app.kernel.audit, unsealed: { count: 3, oldestSeconds: 61 } };
    const { see } = watchOver(app, { audit: late });
    const holder = await openSession({ url: inject('postgres').adminUrl, name: 'holder of everything' });
    try {
      await holder.sql.unsafe('begin; select pg_current_xact_id()');
      const [row] = await holder.sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
      await see(sql, {}, 2);
      const [alert] = await alertsOf(app, 'seal_lag');
      expect(alert).toMatchObject({ level: 'warning', value: 61 });
      expect(alert.subject).toContain(`the oldest open write is that of process ${row?.pid} of PostgreSQL`);
      expect(alert.subject).toContain('database postgres');
    } finally {
      await holder.sql.unsafe('rollback');
      await holder.close();
    }
  });

  test('goes on where one thing cannot be read, and reports that as an error', async ({ app, sql }) => {
    const broken = Object.defineProperty({ ...app.kernel.audit }, 'unsealed', {
      get: () => {
        throw new RangeError('planted');
      },
    });
    const { see } = watchOver(app, { audit: broken });
    await see(sql, { diskPercent: 96 }, 2);
    expect(await alertsOf(app, 'disk')).toMatchObject([{ level: 'critical', value: 96 }]);
    expect(app.logged).toContainEqual(
      expect.objectContaining({ operation: 'platform.evaluate-thresholds', msg: 'internal error' }),
    );
    await see(sql, {}, 2);
  });

  test('one of all processes evaluates', async ({ app, sql }) => {
    await sql`delete from platform.evaluations`;
    const claims = await Promise.all(Array.from({ length: 8 }, () => claimEvaluation(app.kernel.database.lanes)));
    expect(claims.filter((isOurs) => isOurs)).toHaveLength(1);
    await sql`update platform.evaluations set evaluated_at = now() - interval '26 seconds'`;
    expect(await claimEvaluation(app.kernel.database.lanes)).toBe(true);
    expect(await claimEvaluation(app.kernel.database.lanes)).toBe(false);
  });

  test('a process writes how it does; a one-off command does not', async ({ app, sql }) => {
    const { watch } = watchOver(app);
    await sql`delete from platform.process_samples`;
    await watch.look();
    expect(await sql`select * from platform.process_samples`).toMatchObject([
      { process_id: app.kernel.presence.processId, role: 'test', host: 'probe-host', pid: 4711, cpu_percent: 5 },
    ]);
    const absent = { ...app.kernel.presence, processId: newId(), behindMs: Infinity };
    await watchOver(app, { presence: absent }).watch.look();
    expect(await sql`select from platform.process_samples where process_id = ${absent.processId}`).toEqual([]);
  });

  test('the sample of a real process is plausible', async () => {
    const sampler = createProcessSampler(import.meta.dirname);
    sampler.start();
    const { cpuPercent, memoryPercent, diskPercent, residentBytes } = await sampler.sample();
    sampler.stop();
    expect(cpuPercent).toBeGreaterThanOrEqual(0);
    expect(residentBytes).toBeGreaterThan(10_000_000);
    for (const percent of [memoryPercent, diskPercent]) {
      expect(percent).toBeGreaterThan(0);
      expect(percent).toBeLessThanOrEqual(100);
    }
    expect((await createProcessSampler('/nowhere/at/all').sample()).diskPercent).toBeNull();
  });

  test('every metric that a rule for Prometheus names is there', async ({ app, sql }) => {
    const { kernel, see } = watchOver(app);
    createTaskMetrics(kernel.metrics).oldestReady(new Map([['q', 1]]));
    createEventMetrics(kernel.metrics).lag(new Map([['s', 1]]));
    kernel.metrics.httpDuration({ route: '/', method: 'GET', status: 200 }, 1);
    await see(sql, {}, 1);
    const exposed = await kernel.metrics.expose();
    for (const { expression } of thresholds) {
      const named = expression.match(/ashlar_\w+(?:\{signal="\w+"\})?/g) ?? [];
      expect(named.length).toBeGreaterThan(0);
      for (const name of named) expect(exposed).toContain(name);
    }
  });
});

describe("another module's alert", () => {
  const finding = { signal: 'probe_age', level: 'warning', value: 26, subject: 'The probe is old.' } as const;

  test('is raised once for its key, told again only when it gets worse, and resolved', async ({ app, sql }) => {
    const key = `probe:${newId()}`;
    const find = async () => (await listAlerts(app, 'limit=200')).filter((alert: { key: string }) => alert.key === key);
    const told = () => app.logged.filter(({ notice }) => JSON.stringify(notice)?.includes(key)).map(({ msg }) => msg);
    app.clock.advance(60);
    await run(app, 'platform.raise-alert', { ...finding, key });
    await run(app, 'platform.raise-alert', { ...finding, key, value: 27 });
    expect(await find()).toMatchObject([{ level: 'warning', value: 27, state: 'active' }]);
    await run(app, 'platform.raise-alert', { ...finding, key, level: 'critical', value: 51 });
    await run(app, 'platform.raise-alert', { ...finding, key, level: 'warning', value: 40 });
    expect(await find()).toMatchObject([{ level: 'warning', value: 40 }]);
    await run(app, 'platform.resolve-alert', { key, value: 1 });
    await run(app, 'platform.resolve-alert', { key });
    expect(await find()).toMatchObject([{ state: 'resolved', value: 1 }]);
    expect(told()).toEqual(['warning: probe_age', 'critical: probe_age', 'resolved: probe_age']);
    const [{ id: alertId }] = await find();
    const published = await sql`
      select name, payload from kernel.events where payload ->> 'alertId' = ${alertId} order by seq`;
    const { signal } = finding;
    expect(published).toEqual([
      { name: 'platform.alert_raised', payload: { alertId, signal, level: 'warning', value: 26 } },
      { name: 'platform.alert_raised', payload: { alertId, signal, level: 'critical', value: 51 } },
      { name: 'platform.alert_resolved', payload: { alertId, signal, level: 'warning', value: 1 } },
    ]);
    await run(app, 'platform.raise-alert', { ...finding, key });
    expect(await find()).toMatchObject([{ state: 'active' }, { state: 'resolved' }]);
  });

  test('is listed by state and level, a page at a time, and acknowledged once', async ({ app }) => {
    const key = `probe:${newId()}`;
    await run(app, 'platform.raise-alert', { ...finding, key, level: 'critical' });
    const [newest] = await listAlerts(app, 'state=active&level=critical&limit=1');
    expect(newest).toMatchObject({ key });
    const acknowledge = (id: string) =>
      app.as(buildActor()).request(`/api/v1/platform/alerts/${id}/acknowledge`, { method: 'POST' });
    expect((await acknowledge(newest.id)).status).toBe(204);
    const again = await acknowledge(newest.id);
    expect([again.status, await again.json()]).toMatchObject([409, { code: 'STATE_UNCHANGED' }]);
    const unknown = await acknowledge(newId());
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'ALERT_NOT_FOUND' }]);
    expect(await listAlerts(app, 'state=acknowledged&limit=1')).toMatchObject([
      { key, acknowledgedBy: expect.any(String) },
    ]);
    expect(await run(app, 'platform.list-alerts', { state: 'acknowledged', limit: 1 })).toMatchObject({
      items: [{ key }],
    });
  });

  test('is forgotten 400 days after it was resolved', async ({ app, sql }) => {
    const key = `probe:${newId()}`;
    await run(app, 'platform.raise-alert', { ...finding, key });
    await run(app, 'platform.resolve-alert', { key });
    app.clock.advance(399 * 86_400);
    await app.kernel.retention.dropExpired(new AbortController().signal);
    expect(await sql`select from platform.alerts where key = ${key}`).toHaveLength(1);
    app.clock.advance(2 * 86_400);
    await app.kernel.retention.dropExpired(new AbortController().signal);
    expect(await sql`select from platform.alerts where key = ${key}`).toEqual([]);
  });
});
