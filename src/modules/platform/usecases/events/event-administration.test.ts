import { describe, expect } from 'vitest';
import type { Sql } from 'postgres';
import { z } from 'zod';

import { newId } from '#kernel/ids.ts';
import type { EventContract } from '#kernel/usecase.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const call = async (app: TestApp, access: `${'GET' | 'POST'} /${string}`, body?: object) => {
  const [method = '', path = ''] = access.split(' ');
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await app.as(buildActor()).request(`/api/v1/platform${path}`, { method, ...init });
  const answer = response.status === 204 ? null : JSON.parse(await response.text());
  return { status: response.status, answer };
};

const buildEvent = () => ({ name: `test.${newId()}`, payload: z.object({ n: z.int() }) }) satisfies EventContract;

type Wanted = { readonly event: ReturnType<typeof buildEvent>; readonly n: number; readonly key?: string };

const publish = (app: TestApp, { event, n, key = 'k' }: Wanted) =>
  app.kernel.database.transaction((tx) => app.kernel.events.publish(tx, event, { n }, { key }));

/** As a consumer would leave it that has read everything that was published until now. */
const subscribe = async (sql: Sql, event: EventContract): Promise<string> => {
  const name = `test.subscriber-${newId()}`;
  await sql`
    insert into kernel.subscriptions (name, event, xid, seq) values (${name}, ${event.name}, kernel.oldest_xid() + 1000, 0)`;
  return name;
};

const die = async (sql: Sql, subscription: string, event: EventContract): Promise<string> => {
  const [row] = await sql`
    insert into kernel.event_dead (subscription, event_id, name, xid, seq, key, payload, created_at, reason, attempt, errors)
    select ${subscription}, id, name, xid, seq, key, payload, created_at, 'attempts_exhausted', 10, '[{"code":"X"}]'
    from kernel.events where name = ${event.name} order by seq limit 1
    returning event_id as id`;
  return String(row?.['id']);
};

describe('events over HTTP', () => {
  test('lists events by every filter, and a page at a time', async ({ app }) => {
    const event = buildEvent();
    for (let n = 0; n < 3; n += 1) await publish(app, { event, n, key: n === 0 ? 'first' : 'k' });
    const numbers = async (query: string) => {
      const { answer } = await call(app, `GET /events?name=${event.name}&${query}`);
      return answer.items.map(({ payload }: { payload: { n: number } }) => payload.n);
    };
    expect(await numbers('')).toEqual([2, 1, 0]);
    expect(await numbers('key=first')).toEqual([0]);
    expect(await numbers('from=2000-01-01T00:00:00Z')).toHaveLength(3);
    expect(await numbers('to=2000-01-01T00:00:00Z')).toEqual([]);
    const first = await call(app, `GET /events?name=${event.name}&limit=2`);
    expect(await numbers(`limit=2&cursor=${first.answer.nextCursor}`)).toEqual([0]);
  });

  test('lists subscriptions with their position, lag, and what is parked and dead', async ({ app, sql }) => {
    const event = buildEvent();
    const name = await subscribe(sql, event);
    await publish(app, { event, n: 1 });
    await sql`update kernel.subscriptions set xid = 7, seq = 8 where name = ${name}`;
    await die(sql, name, event);
    const { answer } = await call(app, 'GET /subscriptions?limit=200');
    const found = answer.items.find((one: { name: string }) => one.name === name);
    expect(found).toMatchObject({
      event: event.name,
      position: { xid: 7, seq: 8 },
      processId: null,
      pausedAt: null,
      unread: 1,
      parked: 0,
      dead: 1,
    });
    expect(found.lagSeconds).toBeGreaterThanOrEqual(0);
  });

  test('lists the dead events of a subscription, with what went wrong', async ({ app, sql }) => {
    const event = buildEvent();
    await publish(app, { event, n: 1 });
    const name = await subscribe(sql, event);
    const id = await die(sql, name, event);
    expect((await call(app, `GET /subscriptions/${name}/dead`)).answer).toMatchObject({
      items: [{ id, key: 'k', payload: { n: 1 }, reason: 'attempts_exhausted', attempt: 10, errors: [{ code: 'X' }] }],
      nextCursor: null,
    });
  });

  test.for([
    ['GET', '/dead'],
    ['POST', '/pause'],
    ['POST', '/resume'],
    ['POST', `/dead/${newId()}/retry`],
    ['POST', `/dead/${newId()}/discard`],
    ['POST', '/replay'],
  ] as const)('says SUBSCRIPTION_NOT_FOUND: %s %s of one that there never was', async ([method, path], { app }) => {
    const body = method === 'POST' ? {} : undefined;
    const { status, answer } = await call(app, `${method} /subscriptions/${newId()}${path}`, body);
    expect({ status, code: answer.code }).toEqual({ status: 404, code: 'SUBSCRIPTION_NOT_FOUND' });
  });

  test('pauses a subscription, once, and resumes it', async ({ app, sql }) => {
    const name = await subscribe(sql, buildEvent());
    const pausedAt = async () =>
      (await sql`select paused_at as at from kernel.subscriptions where name = ${name}`)[0]?.['at'];
    expect(await call(app, `POST /subscriptions/${name}/pause`, {})).toMatchObject({ status: 204 });
    const since = await pausedAt();
    expect(since).not.toBeNull();
    expect(await call(app, `POST /subscriptions/${name}/pause`, {})).toMatchObject({ status: 204 });
    expect(await pausedAt()).toEqual(since);
    expect(await call(app, `POST /subscriptions/${name}/resume`, {})).toMatchObject({ status: 204 });
    expect(await pausedAt()).toBeNull();
  });

  test.for([
    ['retry', 1],
    ['discard', 0],
  ] as const)(
    '%s ends a death once, then says EVENT_NOT_DEAD; EVENT_NOT_FOUND of none',
    async ([how, parked], { app, sql }) => {
      const event = buildEvent();
      await publish(app, { event, n: 1 });
      const name = await subscribe(sql, event);
      const id = await die(sql, name, event);
      const path = `POST /subscriptions/${name}/dead/${id}/${how}` as const;
      expect(await call(app, path, {})).toMatchObject({ status: 204 });
      expect(await sql`select from kernel.event_parked where subscription = ${name}`).toHaveLength(parked);
      expect(await call(app, path, {})).toMatchObject({ status: 409, answer: { code: 'EVENT_NOT_DEAD' } });
      const unknown = await call(app, `POST /subscriptions/${name}/dead/${newId()}/${how}`, {});
      expect(unknown).toMatchObject({ status: 404, answer: { code: 'EVENT_NOT_FOUND' } });
    },
  );

  test('replays a range, after counting it; RANGE_PRUNED where the log begins later', async ({ app, sql }) => {
    const event = buildEvent();
    await publish(app, { event, n: 1, key: 'a' });
    await publish(app, { event, n: 2, key: 'b' });
    const name = await subscribe(sql, event);
    const path = `POST /subscriptions/${name}/replay` as const;
    const parked = async () => (await sql`select from kernel.event_parked where subscription = ${name}`).length;
    expect((await call(app, path, { dryRun: true })).answer).toEqual({ count: 2 });
    expect((await call(app, path, { key: 'a', dryRun: true })).answer).toEqual({ count: 1 });
    expect((await call(app, path, { names: ['test.other'], dryRun: true })).answer).toEqual({ count: 0 });
    expect(await parked()).toBe(0);
    const pruned = await call(app, path, { from: '2000-01-01T00:00:00Z' });
    expect(pruned).toMatchObject({ status: 409, answer: { code: 'RANGE_PRUNED' } });
    expect((await call(app, path, {})).answer).toEqual({ count: 2 });
    expect(await parked()).toBe(2);
  });
});

describe('events on the command line', () => {
  test('lists events and what each subscription lags', async ({ app, sql }) => {
    const event = buildEvent();
    await publish(app, { event, n: 1 });
    const name = await subscribe(sql, event);
    expect(await run(app, 'platform.list-events', { name: event.name })).toMatchObject({
      items: [{ payload: { n: 1 } }],
    });
    expect(await run(app, 'platform.show-event-lag')).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name, unread: 0, lagSeconds: 0 })]),
    });
  });

  test('retries a dead event, once', async ({ app, sql }) => {
    const event = buildEvent();
    await publish(app, { event, n: 1 });
    const subscription = await subscribe(sql, event);
    const eventId = await die(sql, subscription, event);
    const retry = (given: object) => run(app, 'platform.requeue-event', { subscription, eventId, ...given });
    await expect(retry({ subscription: newId() })).rejects.toMatchObject({ code: 'SUBSCRIPTION_NOT_FOUND' });
    await expect(retry({ eventId: newId() })).rejects.toMatchObject({ code: 'EVENT_NOT_FOUND' });
    expect(await retry({})).toEqual({ eventId });
    await expect(retry({})).rejects.toMatchObject({ code: 'EVENT_NOT_DEAD' });
  });

  test('replays a range, after counting it', async ({ app, sql }) => {
    const event = buildEvent();
    await publish(app, { event, n: 1 });
    const subscription = await subscribe(sql, event);
    const replay = (given: object) => run(app, 'platform.rerun-events', { subscription, ...given });
    await expect(replay({ subscription: newId() })).rejects.toMatchObject({ code: 'SUBSCRIPTION_NOT_FOUND' });
    await expect(replay({ from: '2000-01-01T00:00:00Z' })).rejects.toMatchObject({ code: 'RANGE_PRUNED' });
    expect(await replay({ dryRun: true })).toEqual({ count: 1, dryRun: true });
    expect(await replay({})).toEqual({ count: 1, dryRun: false });
  });
});
