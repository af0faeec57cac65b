import { expect, test } from 'vitest';

import { createMetrics } from './create-metrics.ts';

/** The value of one exposed line, or undefined if it is not there. */
const valueOf = (text: string, line: string): number | undefined => {
  const found = text.split('\n').find((one) => one.startsWith(`${line} `));
  return found === undefined ? undefined : Number(found.slice(line.length + 1));
};

test('counts requests, queries, runs and errors by their labels', async () => {
  const metrics = createMetrics();
  metrics.httpDuration({ route: '/api/v1/auth/me', method: 'GET', status: 200 }, 0.004);
  metrics.httpDuration({ route: '/api/v1/auth/me', method: 'GET', status: 200 }, 0.04);
  metrics.httpDuration({ route: '/api/v1/auth/me', method: 'GET', status: 401 }, 99);
  metrics.queryDuration('auth.find-session', 'ok', 0.001);
  metrics.useCaseDuration('auth.get-me', 'unauthenticated', 0.5);
  metrics.internalError('none');

  const text = await metrics.expose();
  const me = 'route="/api/v1/auth/me",method="GET"';
  expect(valueOf(text, `ashlar_http_request_duration_seconds_bucket{${me},status="200",le="0.0025"}`)).toBe(0);
  expect(valueOf(text, `ashlar_http_request_duration_seconds_bucket{${me},status="200",le="0.005"}`)).toBe(1);
  expect(valueOf(text, `ashlar_http_request_duration_seconds_bucket{${me},status="200",le="+Inf"}`)).toBe(2);
  expect(valueOf(text, `ashlar_http_request_duration_seconds_sum{${me},status="200"}`)).toBeCloseTo(0.044);
  expect(valueOf(text, `ashlar_http_request_duration_seconds_bucket{${me},status="401",le="10"}`)).toBe(0);
  expect(valueOf(text, `ashlar_http_request_duration_seconds_count{${me},status="401"}`)).toBe(1);
  // A bound belongs to its own bucket: Prometheus counts what is less or equal.
  const query = 'query="auth.find-session",outcome="ok"';
  expect(valueOf(text, `ashlar_db_query_duration_seconds_bucket{${query},le="0.001"}`)).toBe(1);
  expect(valueOf(text, `ashlar_db_query_duration_seconds_bucket{${query},le="0.0005"}`)).toBe(0);
  const run = 'operation="auth.get-me",outcome="unauthenticated"';
  expect(valueOf(text, `ashlar_usecase_duration_seconds_count{${run}}`)).toBe(1);
  expect(valueOf(text, 'ashlar_errors_total{operation="none"}')).toBe(1);
  expect(text).toContain('# TYPE ashlar_http_request_duration_seconds histogram');
  expect(metrics.contentType).toMatch(/^text\/plain; version=0\.0\.4/);
});

test('tells of the process itself', async () => {
  const metrics = createMetrics();
  await metrics.expose();
  const text = await metrics.expose();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'nodejs_heap_size_used_bytes',
    'nodejs_eventloop_lag_p99_seconds',
  ]) {
    expect(valueOf(text, name)).toBeGreaterThanOrEqual(0);
  }
  expect(text).toContain('# TYPE nodejs_gc_duration_seconds histogram');
});

test('gives modules counters, histograms and gauges of their own', async () => {
  const metrics = createMetrics();
  const signIns = metrics.counter({
    name: 'ashlar_auth_sign_ins_total',
    help: 'Sign-ins.',
    labelNames: ['method', 'outcome'],
  });
  const hashing = metrics.histogram({
    name: 'ashlar_auth_hash_seconds',
    help: 'Hashes.',
    labelNames: [],
    buckets: [1],
  });
  let waiting = 0;
  metrics.gauge({ name: 'ashlar_auth_hash_waiting', help: 'Waiting.', labelNames: [], read: () => waiting });
  metrics.gauge({
    name: 'ashlar_db_pool_used',
    help: 'Connections.',
    labelNames: ['pool'],
    read: () => [{ labels: { pool: 'lanes' }, value: 2 }],
  });
  const idle = metrics.counter({ name: 'ashlar_idle_total', help: 'Never counted.', labelNames: [] });

  signIns.add({ method: 'password', outcome: 'ok' });
  signIns.add({ method: 'password', outcome: 'ok' }, 2);
  hashing.observe({}, 0.5);
  waiting = 7;

  const text = await metrics.expose();
  expect(valueOf(text, 'ashlar_auth_sign_ins_total{method="password",outcome="ok"}')).toBe(3);
  expect(valueOf(text, 'ashlar_auth_hash_seconds_bucket{le="1"}')).toBe(1);
  expect(valueOf(text, 'ashlar_auth_hash_waiting')).toBe(7);
  expect(valueOf(text, 'ashlar_db_pool_used{pool="lanes"}')).toBe(2);
  expect(valueOf(text, 'ashlar_idle_total')).toBe(0);
  idle.add({});
  expect(valueOf(await metrics.expose(), 'ashlar_idle_total')).toBe(1);
});

test('refuses a name that another metric has', () => {
  const metrics = createMetrics();
  const head = { name: 'ashlar_twice_total', help: 'Twice.', labelNames: [] };
  metrics.counter(head);
  expect(() => metrics.counter(head)).toThrow(/ashlar_twice_total/);
});

test('labels that never end are counted under other, and the exposition stays finite', async () => {
  const metrics = createMetrics();
  const counter = metrics.counter({ name: 'ashlar_ids_total', help: 'A mistake.', labelNames: ['id'] });
  for (let id = 0; id < 10_000; id += 1) counter.add({ id: String(id) });

  const text = await metrics.expose();
  expect(valueOf(text, 'ashlar_ids_total{id="0"}')).toBe(1);
  expect(valueOf(text, 'ashlar_ids_total{id="other"}')).toBe(8_000);
  expect(text.split('\n').filter((line) => line.startsWith('ashlar_ids_total{'))).toHaveLength(2_001);
});

test('a label may hold what text formats dislike', async () => {
  const metrics = createMetrics();
  metrics.internalError('a"b\\c\nd');
  expect(await metrics.expose()).toContain('ashlar_errors_total{operation="a\\"b\\\\c\\nd"} 1');
});
