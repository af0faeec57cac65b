import { expect } from 'vitest';

import { reportCounters } from '#kernel/cache/report-counters.ts';
import type { CacheNamespace } from '#kernel/cache/namespace.ts';
import { newId } from '#kernel/ids.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const send = async (app: TestApp, body: object) => {
  const response = await app.as(buildActor()).request('/api/v1/platform/cache/invalidate', {
    method: 'POST',
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  return { status: response.status, answer: response.status === 204 ? null : JSON.parse(await response.text()) };
};

/** A namespace of the test's own, and a question that says how often it was loaded. */
const open = (app: TestApp) => {
  let loads = 0;
  const space: CacheNamespace<number> = {
    name: `test.${newId()}`,
    tier: 'process',
    ttlSeconds: 60,
    tags: (key) => [`t-${key}`],
  };
  const ask = (key: string) => app.kernel.cache.get(space, key, () => Promise.resolve((loads += 1)));
  return { name: space.name, ask };
};

const tell = async (app: TestApp): Promise<void> => {
  const { cache, database, log, presence } = app.kernel;
  const report = reportCounters({ cache, database, log, processId: presence.processId });
  await report.send();
  report.stop();
};

test('shows per namespace where answers came from, over HTTP and on the command line', async ({ app }) => {
  const { name, ask } = open(app);
  for (const key of ['a', 'a', 'a', 'b']) await ask(key);
  await tell(app);
  const response = await app.as(buildActor()).request('/api/v1/platform/cache');
  expect(response.status).toBe(200);
  const answer = JSON.parse(await response.text());
  expect(answer).toMatchObject({ l1: { maxEntries: 50_000, maxBytes: 67_108_864 }, redis: null });
  expect(answer.namespaces).toContainEqual({
    namespace: name,
    hits: { l1: 2, l2: 0, l3: 0 },
    loads: 2,
    stale: 0,
    failed: 0,
    l1: { entries: 2, bytes: expect.any(Number) },
    l3: { entries: 0, bytes: 0 },
  });
  expect(await run(app, 'platform.show-cache')).toEqual(answer);
});

test('invalidates keys, a namespace, or tags', async ({ app }) => {
  const { name, ask } = open(app);
  const both = async () => [await ask('a'), await ask('b')];
  expect(await both()).toEqual([1, 2]);
  expect(await send(app, { namespace: name, keys: ['a'] })).toEqual({ status: 204, answer: null });
  expect(await both()).toEqual([3, 2]);
  expect(await send(app, { namespace: name })).toEqual({ status: 204, answer: null });
  expect(await both()).toEqual([4, 5]);
  expect(await send(app, { tags: ['t-b'] })).toEqual({ status: 204, answer: null });
  expect(await both()).toEqual([4, 6]);
  expect(await run(app, 'platform.clear-cache', { namespace: name, key: 'a' })).toEqual({
    namespace: name,
    key: 'a',
    tag: null,
  });
  expect(await both()).toEqual([7, 6]);
  expect(await run(app, 'platform.clear-cache', { tag: 't-b' })).toEqual({ namespace: null, key: null, tag: 't-b' });
  expect(await both()).toEqual([7, 8]);
});

test('says FILTER_REQUIRED if it names nothing, or keys without their namespace', async ({ app }) => {
  for (const body of [{}, { tags: [] }, { keys: ['a'] }, { keys: ['a'], tags: ['t'] }]) {
    expect(await send(app, body)).toMatchObject({ status: 400, answer: { code: 'FILTER_REQUIRED' } });
  }
  for (const input of [{}, { key: 'a' }]) {
    await expect(run(app, 'platform.clear-cache', input)).rejects.toMatchObject({ code: 'FILTER_REQUIRED' });
  }
});

test('drop-expired forgets what is past its grace, and what processes that are gone have counted', async ({
  app,
  sql,
}) => {
  const [space, gone] = [newId(), newId()];
  await sql`
    insert into kernel.cache_entries (namespace, key, value, tags, oldest_xid, loaded_at, fresh_until, expires_at)
    select ${space}, d::text, '1', '{}', 1, now(), now(), now() + make_interval(mins => d)
    from unnest(array[-1, 1]) as d`;
  await sql`
    insert into kernel.cache_counters (process_id, namespace, counters, counted_at)
    values (${gone}, ${space}, '{}', now() - interval '2 minutes')`;
  await run(app, 'platform.drop-expired');
  expect(await sql`select key from kernel.cache_entries where namespace = ${space}`).toEqual([{ key: '1' }]);
  expect(await sql`select from kernel.cache_counters where process_id = ${gone}`).toHaveLength(0);
});
