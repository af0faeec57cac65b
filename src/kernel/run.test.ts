import { setTimeout as never } from 'node:timers/promises';
import { pino } from 'pino';
import { expect, test } from 'vitest';

import type { Database } from './database/database.ts';
import { AppError } from './error.ts';
import { createMetrics } from './observability/create-metrics.ts';
import { createRunner, type Job, type RunRecord } from './run.ts';
import { buildTelemetry } from '#test/build.ts';

type Alert = { operation: string | null; error: AppError };

// `as`: stands where a transaction would.
const nothing = undefined as never;

const open = async () => {
  const lines: Record<string, unknown>[] = [];
  const audits: RunRecord[] = [];
  const alerts: Alert[] = [];
  const transactions: string[] = [];
  // `as`: a run uses nothing else of the database, and these transactions nothing of theirs.
  const database = {
    transaction: async (fn: (tx: never) => Promise<unknown>) => {
      transactions.push('begin');
      return fn(nothing);
    },
  } as unknown as Database;
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const telemetry = await buildTelemetry(log);
  const metrics = createMetrics();
  const hooks = {
    see: () => undefined,
    record: () => undefined,
    alert: (alert: Alert) => void alerts.push(alert),
    audit: (record: RunRecord) => void audits.push(record),
  };
  return {
    runner: createRunner({ database, log, metrics, telemetry, hooks }),
    lines,
    audits,
    alerts,
    transactions,
    metrics,
  };
};

const job = <T>(execute: Job<T>['execute'], over: Partial<Job<T> & { timeoutSeconds: number }> = {}) => ({
  operation: 'probe.do-it',
  type: 'async_task' as const,
  actor: null,
  origin: null,
  reads: false,
  signal: new AbortController().signal,
  timeoutSeconds: 30,
  execute,
  ...over,
});

test('writes one log line, counts the run and audits what it changed', async () => {
  const { runner, lines, audits, metrics } = await open();

  const answer = await runner.run(
    job(async (ctx) => {
      await ctx.transaction((tx) => ctx.audit(tx, { subject: 'thing:1', after: { name: 'x' } }));
      return 'done';
    }),
  );

  expect(answer).toBe('done');
  expect(lines).toEqual([expect.objectContaining({ operation: 'probe.do-it', outcome: 'ok' })]);
  expect(audits).toEqual([
    expect.objectContaining({ outcome: 'ok', notes: [{ subject: 'thing:1', after: { name: 'x' } }] }),
  ]);
  expect(await metrics.expose()).toMatch(
    /ashlar_usecase_duration_seconds_count\{[^}]*operation="probe.do-it"[^}]*\} 1/,
  );
});

test('raises an alert for a fault of ours and hides it behind INTERNAL with the cause', async () => {
  const { runner, alerts, lines } = await open();
  const fault = new TypeError('undefined is not a function');

  const failure = await runner.run(job(() => Promise.reject(fault))).catch((error: unknown) => error);

  expect(failure).toMatchObject({ code: 'INTERNAL', kind: 'internal', cause: fault });
  expect(alerts).toEqual([expect.objectContaining({ operation: 'probe.do-it', error: failure })]);
  expect(lines).toHaveLength(1);
});

test('raises no alert for a declared refusal', async () => {
  const { runner, alerts } = await open();

  await expect(
    runner.run(job(() => Promise.reject(new AppError('NAME_TAKEN', { kind: 'conflict' })))),
  ).rejects.toMatchObject({
    code: 'NAME_TAKEN',
  });

  expect(alerts).toEqual([]);
});

test('ends a run that outlives its timeout and aborts its signal', async () => {
  const { runner } = await open();
  let aborted = false;

  const run = runner.run(
    job(
      async ({ signal }) => {
        signal.addEventListener('abort', () => (aborted = true));
        await never(60_000, undefined, { signal });
      },
      { timeoutSeconds: 0.02 },
    ),
  );

  await expect(run).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT', kind: 'unavailable' });
  expect(aborted).toBe(true);
});

test('refuses a second transaction in one run', async () => {
  const { runner, transactions } = await open();

  const run = runner.run(
    job(async (ctx) => {
      await ctx.transaction(() => Promise.resolve());
      await ctx.transaction(() => Promise.resolve());
    }),
  );

  await expect(run).rejects.toMatchObject({
    code: 'INTERNAL',
    cause: { message: expect.stringContaining('second transaction') },
  });
  expect(transactions).toEqual(['begin']);
});

test('audits a refused read but not a read that succeeds', async () => {
  const { runner, audits } = await open();

  await runner.run(job(() => Promise.resolve(1), { reads: true }));
  await runner
    .run(job(() => Promise.reject(new AppError('PERMISSION_DENIED', { kind: 'forbidden' })), { reads: true }))
    .catch(() => 0);

  expect(audits.map(({ outcome }) => outcome)).toEqual(['forbidden']);
});
