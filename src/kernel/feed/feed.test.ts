import { expect } from 'vitest';
import { z } from 'zod';

import { openSession } from '#kernel/database/open-session.ts';
import { buildLog } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { feedRetention } from './feed-retention.ts';
import { Inbox } from './inbox.ts';
import { numbers, openFeedProcess } from './testing/open-feed-process.ts';

type FeedProcess = Awaited<ReturnType<typeof openFeedProcess>>;

const test = base
  .extend('start', async ({ databaseUrl }, { onCleanup }) => {
    const opened: FeedProcess[] = [];
    onCleanup(async () => {
      for (const one of opened) await one.close();
    });
    return async (options: Partial<Parameters<typeof openFeedProcess>[0]> = {}) => {
      const one = await openFeedProcess({ url: databaseUrl, ...options });
      opened.push(one);
      return one;
    };
  })
  .extend('disconnect', ({ databaseUrl }) => async ({ presence }: FeedProcess) => {
    const session = await openSession({ url: databaseUrl, name: 'test' });
    await session.sql`
      select pg_terminate_backend(l.pid) from pg_locks l join kernel.processes p on l.objid = p.lock_key::oid
      where l.locktype = 'advisory' and p.id = ${presence.processId}`;
    await session.close();
  });

/** Tests share a database and so a feed. */
let last = 0;
const next = () => (last += 1);

test('another process is told within a second of the commit, without a bus', async ({ start }) => {
  const writer = await start();
  const reader = await start();
  const seen = reader.listen();
  const n = next();
  await writer.publish(n);
  const committedAt = performance.now();
  await expect.poll(() => seen, { interval: 10 }).toContain(n);
  expect(performance.now() - committedAt).toBeLessThan(1_000);
});

test('who wrote it is told before its transaction answers, and not of what was rolled back', async ({ start }) => {
  const writer = await start();
  const seen = writer.listen();
  const [kept, lost] = [next(), next()];
  await expect(
    writer.database.transaction(async (tx) => {
      await writer.feed.publish(tx, numbers, { n: lost });
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  await writer.publish(kept);
  expect(seen).toContain(kept);
  expect(seen).not.toContain(lost);
});

test('a commit that comes late is not skipped, and nothing meanwhile is told twice', async ({ start }) => {
  const writer = await start();
  const reader = await start();
  const seen = reader.listen();
  const [late, early, early2] = [next(), next(), next()];
  const gate = Promise.withResolvers<void>();
  const written = Promise.withResolvers<void>();
  const slow = writer.database.transaction(async (tx) => {
    await writer.feed.publish(tx, numbers, { n: late });
    written.resolve();
    await gate.promise;
  });
  await written.promise;
  await writer.publish(early);
  await expect.poll(() => seen).toContain(early);
  // Pulses go by in which the mark cannot move.
  await writer.publish(early2);
  await expect.poll(() => seen).toContain(early2);
  expect(seen).not.toContain(late);
  gate.resolve();
  await slow;
  await expect.poll(() => seen).toContain(late);
  const mine = seen.filter((n) => n >= late);
  expect(mine.toSorted((a, b) => a - b)).toEqual([late, early, early2]);
});

test('what was noticed while the connection was down is told when it is back', async ({ start, disconnect }) => {
  const writer = await start();
  const reader = await start();
  const seen = reader.listen();
  await disconnect(reader);
  await expect.poll(() => reader.presence.db, { interval: 1 }).toBeNull();
  const n = next();
  await writer.publish(n);
  await expect.poll(() => seen).toContain(n);
  expect(seen.filter((one) => one === n)).toHaveLength(1);
});

test('a process that starts is told of the last minutes, and of nothing older', async ({ start, sql }) => {
  const writer = await start();
  const [old, recent] = [next(), next()];
  await writer.publish(old);
  await sql`update kernel.feed set created_at = now() - interval '21 minutes' where (data ->> 'n')::int = ${old}`;
  await writer.publish(recent);
  const seen = (await start()).listen();
  expect(seen).toContain(recent);
  expect(seen).not.toContain(old);
});

test('who listens a minute after the start is told only of what comes', async ({ start }) => {
  const clock = { ms: 1_000_000 };
  const writer = await start();
  await writer.publish(next());
  const reader = await start({ now: () => clock.ms });
  expect(reader.listen()).not.toEqual([]);
  clock.ms += 61_000;
  await new Promise<void>((resolve) => reader.presence.onPulse(() => resolve()));
  const seen = reader.listen();
  expect(seen).toEqual([]);
  const n = next();
  await writer.publish(n);
  await expect.poll(() => seen).toEqual([n]);
});

test('away for longer than notices are kept: says so, and begins anew', () => {
  const clock = { ms: 0 };
  const inbox = new Inbox({ windowSeconds: 60, log: buildLog(), now: () => clock.ms });
  const seen: unknown[] = [];
  let missed = 0;
  const listener = { topic: 't', tell: (data: unknown) => seen.push(data), missed: () => (missed += 1) };
  inbox.listen(listener);
  inbox.take([{ seq: 1, xid: 10, topic: 't', data: 'one' }], 10);
  expect(inbox.position).toEqual({ mark: 10, applied: [1], windowSeconds: null });
  clock.ms += 6_601_000;
  expect(inbox.position).toEqual({ mark: null, applied: [], windowSeconds: 60 });
  expect(missed).toBe(1);
  expect(seen).toEqual(['one']);
});

test('reads the last minutes once more over a new connection, since a crashed server counts again from lower', () => {
  const clock = { ms: 0 };
  const inbox = new Inbox({ windowSeconds: 1_200, log: buildLog(), now: () => clock.ms });
  const seen: unknown[] = [];
  inbox.listen({ topic: 't', tell: (data) => seen.push(data), missed: () => expect.unreachable() });
  inbox.take([{ seq: 1, xid: 10, topic: 't', data: 'one' }], 10);
  clock.ms += 5_000;
  inbox.rewind();
  expect(inbox.position).toEqual({ mark: null, applied: [1], windowSeconds: 305 });
  inbox.take([{ seq: 2, xid: 8, topic: 't', data: 'two' }], 9);
  expect(seen).toEqual(['one', 'two']);
  expect(inbox.position).toEqual({ mark: 9, applied: [1], windowSeconds: null });
});

test('forgets what the mark has passed', () => {
  const inbox = new Inbox({ windowSeconds: 60, log: buildLog() });
  inbox.take(
    [
      { seq: 1, xid: 10, topic: 't', data: null },
      { seq: 2, xid: 12, topic: 't', data: null },
    ],
    10,
  );
  expect(inbox.position.applied).toEqual([1, 2]);
  inbox.take([], 11);
  expect(inbox.position).toEqual({ mark: 11, applied: [2], windowSeconds: null });
});

test('a listener that throws, or data of another release, keeps nobody else from theirs', async ({ start }) => {
  const reader = await start();
  reader.feed.listen(numbers, () => {
    throw new Error('mine');
  });
  const strict = { name: numbers.name, data: z.object({ other: z.string() }) };
  reader.feed.listen(strict, () => expect.unreachable());
  const seen = reader.listen();
  const n = next();
  await reader.publish(n);
  expect(seen).toContain(n);
  const said = reader.lines.map(({ msg }) => msg);
  expect(said).toContain('a notice could not be applied');
  expect(said).toContain('a notice of another release was passed over');
});

test('says INPUT_INVALID to what does not fit the topic, or is too large', async ({ start }) => {
  const { database, feed } = await start();
  const texts = { name: 'test.texts', data: z.string().max(5) };
  const publish = (text: string) => database.transaction((tx) => feed.publish(tx, texts, text));
  await expect(publish('too long')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  await expect(publish('\0')).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  const large = { name: 'test.large', data: z.string() };
  await expect(database.transaction((tx) => feed.publish(tx, large, 'x'.repeat(16_384)))).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});

test('drops notices that are two hours old', async ({ start, sql }) => {
  const { database, publish } = await start();
  const [old, recent] = [next(), next()];
  await publish(old);
  await sql`update kernel.feed set created_at = now() - interval '121 minutes' where (data ->> 'n')::int = ${old}`;
  await publish(recent);
  const drop = () => database.transaction(async (tx) => feedRetention.dropExpired?.(tx));
  expect(await drop()).toBe(true);
  expect(await drop()).toBe(false);
  const left = await sql`select (data ->> 'n')::int as n from kernel.feed where topic = ${numbers.name}`;
  const left2 = left.map((row) => row['n']);
  expect(left2).toContain(recent);
  expect(left2).not.toContain(old);
});
