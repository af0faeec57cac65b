import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { sql as fragment } from 'drizzle-orm';
import { expect } from 'vitest';

import { openSession } from '#kernel/database/open-session.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { buildLog, noTelemetry } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import type { Presence } from './presence.ts';
import { openPresence, type PresenceOptions } from './open-presence.ts';

const program = fileURLToPath(new URL('testing/present-process.ts', import.meta.url));

const test = base
  .extend('enter', async ({ databaseUrl }, { onCleanup }) => {
    const opened: Presence[] = [];
    onCleanup(async () => {
      for (const presence of opened) await presence.close();
    });
    return async (options: Partial<PresenceOptions> = {}) => {
      const observer = { metrics: createMetrics(), telemetry: noTelemetry };
      const identity = { url: databaseUrl, isPooled: false, role: 'test', release: 'test' };
      const log = buildLog();
      const inbox = new Inbox({ windowSeconds: 60, log });
      const presence = await openPresence({ ...identity, inbox, observer, log, ...options });
      opened.push(presence);
      return presence;
    };
  })
  /** Ends the connection of a process, as a restart of PostgreSQL or a firewall would. */
  .extend('disconnect', ({ databaseUrl }) => async ({ processId }: Presence) => {
    const session = await openSession({ url: databaseUrl, name: 'test' });
    await session.sql`
      select pg_terminate_backend(l.pid) from pg_locks l join kernel.processes p on l.objid = p.lock_key::oid
      where l.locktype = 'advisory' and p.id = ${processId}`;
    await session.close();
  })
  /** Another process, which can be killed. */
  .extend('spawn', async ({ databaseUrl }, { onCleanup }) => {
    const children = new Set<ChildProcess>();
    onCleanup(() => children.forEach((child) => child.kill('SIGKILL')));
    return async (how: 'locked' | 'pooled' = 'locked') => {
      const child = fork(program, [databaseUrl, how]);
      children.add(child);
      const [processId] = await once(child, 'message');
      return { processId: String(processId), kill: () => child.kill('SIGKILL') };
    };
  });

const pulses = (presence: Presence, count: number): Promise<void> =>
  new Promise((resolve) => {
    let left = count;
    const stop = presence.onPulse(() => {
      left -= 1;
      if (left > 0) return;
      stop();
      resolve();
    });
  });

test('counts who lives, and forgets at once who leaves', async ({ enter, sql }) => {
  const one = await enter();
  const other = await enter();
  await expect.poll(() => one.processes).toBe(2);
  expect(other.processes).toBe(2);
  await other.close();
  await expect.poll(() => one.processes).toBe(1);
  expect(await sql`select from kernel.processes where id = ${other.processId}`).toHaveLength(0);
});

test('a killed process is missed within a second', async ({ enter, spawn, sql }) => {
  const one = await enter();
  const { processId, kill } = await spawn();
  await expect.poll(() => one.processes).toBe(2);
  const killedAt = performance.now();
  kill();
  await expect.poll(() => sql`select from kernel.processes where id = ${processId}`, { interval: 10 }).toHaveLength(0);
  expect(performance.now() - killedAt).toBeLessThan(1_000);
});

test(
  'behind a transaction pooler it is missed after ten seconds of silence',
  { timeout: 30_000 },
  async ({ enter, spawn, sql }) => {
    await enter({ isPooled: true });
    const { processId, kill } = await spawn('pooled');
    const isThere = async () => (await sql`select from kernel.processes where id = ${processId}`).length === 1;
    expect(await isThere()).toBe(true);
    const killedAt = performance.now();
    kill();
    await expect.poll(isThere, { timeout: 15_000 }).toBe(false);
    const seconds = (performance.now() - killedAt) / 1000;
    expect(seconds).toBeGreaterThan(9);
    expect(seconds).toBeLessThan(12);
  },
);

test('shows no connection once it is lost, and the next one only after everybody has seen it', async ({
  enter,
  disconnect,
}) => {
  const presence = await enter();
  const shown: boolean[] = [];
  presence.onUp((db) => Promise.resolve(void shown.push(presence.db === db)));
  expect(shown).toEqual([true]);
  const first = presence.db;
  await disconnect(presence);
  await expect.poll(() => presence.db !== first).toBe(true);
  await expect.poll(() => presence.db !== null && presence.db !== first).toBe(true);
  expect(shown).toEqual([true, false]);
});

test('hears what others notify, also over the next connection', async ({ enter, sql, disconnect }) => {
  const presence = await enter();
  const heard: string[] = [];
  presence.listen('presence_test', (payload) => heard.push(payload));
  await pulses(presence, 1);
  await sql`select pg_notify('presence_test', 'one')`;
  await expect.poll(() => heard).toEqual(['one']);
  const first = presence.db;
  await disconnect(presence);
  await expect.poll(() => presence.db !== null && presence.db !== first).toBe(true);
  await sql`select pg_notify('presence_test', 'two')`;
  await expect.poll(() => heard).toEqual(['one', 'two']);
});

test('a process that was taken for dead is told, and is back under its id', async ({ enter, sql }) => {
  const presence = await enter();
  let losses = 0;
  presence.onLost(() => {
    losses += 1;
  });
  await sql`delete from kernel.processes where id = ${presence.processId}`;
  await expect.poll(() => losses).toBe(1);
  await expect.poll(() => sql`select from kernel.processes where id = ${presence.processId}`).toHaveLength(1);
});

test('says how long ago it heard of PostgreSQL', async ({ enter }) => {
  const presence = await enter();
  await pulses(presence, 2);
  expect(presence.behindMs).toBeLessThan(500);
  await presence.close();
  await expect.poll(() => presence.behindMs, { timeout: 5_000 }).toBeGreaterThan(3_000);
});

test('a pulse asks for others too, and one that is hurried comes at once', async ({ enter }) => {
  const presence = await enter();
  const answers: unknown[] = [];
  await pulses(presence, 1);
  const stop = presence.ask('life', fragment`select 42`, (answer) => answers.push(answer));
  const startedAt = performance.now();
  presence.hurry();
  await expect.poll(() => answers, { interval: 5 }).toEqual([42]);
  expect(performance.now() - startedAt).toBeLessThan(300);
  stop();
  const { length } = answers;
  await pulses(presence, 2);
  expect(answers.length).toBeLessThanOrEqual(length + 1);
});

test('sends two statements a second, and no more', async ({ enter }) => {
  let statements = 0;
  const metrics = { queryDuration: () => void (statements += 1) };
  const presence = await enter({ observer: { metrics, telemetry: noTelemetry } });
  await pulses(presence, 1);
  statements = 0;
  const startedAt = performance.now();
  await pulses(presence, 5);
  expect(statements).toBe(5);
  expect(performance.now() - startedAt).toBeGreaterThan(2_000);
});

test('says why it cannot enter', async ({ enter }) => {
  await expect(enter({ url: 'postgres://nobody@127.0.0.1:1/none' })).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
  });
}, 10_000);
