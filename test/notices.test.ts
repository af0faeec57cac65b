import { createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { expect } from 'vitest';
import { z } from 'zod';

import { createHttp } from '#app/create-http.ts';
import { openTaskWorkerPart } from '#app/parts/task-worker.ts';
import { kernelError } from '#kernel/error.ts';
import { createLifecycle } from '#kernel/lifecycle.ts';
import { newId } from '#kernel/ids.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { userAction } from '#kernel/usecase.ts';
import { type TestApp, test as appTest } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';
import { openWebhookReceiver } from '#test/webhook-receiver.ts';

const secret = 'known to the receiver alone';

/** The whole app with a receiver for its webhooks, somebody to write to, and a worker that delivers. */
const test = appTest
  .extend('receiver', { scope: 'file' }, async ({}, { onCleanup }) => {
    const receiver = await openWebhookReceiver();
    onCleanup(() => receiver.close());
    return receiver;
  })
  .extend('variables', { scope: 'file' }, ({ receiver }) => ({
    ASHLAR_ALERTING__WEBHOOK_URL: receiver.url,
    ASHLAR_ALERTING__WEBHOOK_SECRET: secret,
    ASHLAR_ALERTING__EMAIL_TO: 'ops@example.com, night@example.com',
  }))
  .extend('worker', { scope: 'file', auto: true }, async ({ app }, { onCleanup }) => {
    const lifecycle = createLifecycle();
    const role = { name: 'run-all-in-one', summary: '', modules: 'all', parts: [] } as const;
    await openTaskWorkerPart(app, role, lifecycle);
    onCleanup(async () => {
      await lifecycle.close({ deadlineSeconds: 10, report: ({ err }) => app.kernel.log.error({ err }) });
    });
  });

type Receiver = Awaited<ReturnType<typeof openWebhookReceiver>>;

const hook = z.object({
  id: z.uuid(),
  kind: z.string(),
  title: z.string(),
  text: z.string(),
  at: z.iso.datetime(),
  source: z.url(),
  facts: z.record(z.string(), z.unknown()),
});

/** What the receiver got about one operation. */
const hooksOf = ({ received }: Receiver, operation: string) =>
  received.map(({ body }) => hook.parse(JSON.parse(body))).filter(({ facts }) => facts['operation'] === operation);

/** A mistake that somebody made in an action: each request throws the same. */
const breakAction = (app: TestApp, operationId: string) => {
  const broken = userAction({
    operationId,
    summary: 'Breaks',
    access: `POST /api/v1/planted/${operationId}`,
    actors: ['admin'],
    permissions: ['planted:break'],
    input: z.object({ login: z.string(), password: z.string() }),
    output: null,
    errors: {},
    execute: (_ctx, { password }) => Promise.reject(new RangeError(`cannot hash ${password}`)),
  });
  const planted = { name: 'planted', portal: null, usecases: [broken] };
  const actor = buildActor();
  const sessions = { resolve: () => Promise.resolve(actor) };
  const http = createHttp({ ...app, modules: [planted], sessions }, { modules: 'all' });
  const body = JSON.stringify({ login: 'ada@example.com', password: 'planted-password' });
  const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };
  return {
    actor,
    operation: `planted.${operationId}`,
    ask: async () => {
      const url = new URL(`/api/v1/planted/${operationId}`, app.config.http.publicUrl);
      const response = await http.fetch(new Request(url, { method: 'POST', body, headers }));
      // As between requests over a socket: others get their turn.
      await nextTurn();
      expect(response.status).toBe(500);
    },
  };
};

type Broken = ReturnType<typeof breakAction>;

const get = async (app: TestApp, path: string) =>
  JSON.parse(await (await app.as(buildActor()).request(`/api/v1/platform${path}`)).text());

const untilCounted = (app: TestApp, { operation }: Pick<Broken, 'operation'>, count: number) =>
  eventually(`${operation} is counted ${count} times`, async () => {
    const { items } = await get(app, `/errors?operation=${operation}`);
    return items.length === 1 && items[0].count === count && items[0];
  });

test('an error that is thrown 1,000 times is one group, with a hundred samples and one notice', async ({
  app,
  receiver,
  sql,
}) => {
  app.clock.advance(3600);
  const broken = breakAction(app, 'break-often');
  for (let times = 0; times < 100; times += 1) await Promise.all(Array.from({ length: 10 }, broken.ask));

  const { id } = await untilCounted(app, broken, 1_000);
  const { samples, ...group } = await get(app, `/errors/${id}?samples=100`);
  expect(group).toMatchObject({ code: 'RangeError', state: 'open', message: 'RangeError: cannot hash [input]' });
  expect(samples).toHaveLength(100);
  expect(samples[0]).toMatchObject({
    actorId: broken.actor.id,
    inputShape: { login: 'string(15)', password: 'string(16)' },
  });
  const [noticed] = await eventually('the receiver was told', () => {
    const hooks = hooksOf(receiver, broken.operation);
    return hooks.length > 0 && hooks;
  });
  expect(noticed).toMatchObject({ kind: 'error_opened', facts: { groupId: id, code: 'RangeError' } });
  expect(hooksOf(receiver, broken.operation)).toHaveLength(1);
  const stored =
    await sql`select g::text, s::text from platform.error_groups g join platform.error_samples s on s.group_id = g.id`;
  expect(JSON.stringify([stored, receiver.received])).not.toMatch(/planted-password|ada@example/);
});

test('each milestone is told once, and a resolved error that comes back', async ({ app, receiver }) => {
  app.clock.advance(3600);
  const broken = breakAction(app, 'break-again');
  const askUntil = async (from: number, to: number) => {
    for (let times = from; times < to; times += 1) await broken.ask();
    return untilCounted(app, broken, to);
  };
  const { id } = await askUntil(0, 1);
  app.clock.advance(900);
  await askUntil(1, 9);
  app.clock.advance(900);
  await askUntil(9, 10);
  app.clock.advance(900);
  await askUntil(10, 100);
  app.clock.advance(900);
  await askUntil(100, 101);
  const resolved = await app.as(buildActor()).request(`/api/v1/platform/errors/${id}/resolve`, { method: 'POST' });
  expect(resolved.status).toBe(204);
  app.clock.advance(900);
  await askUntil(101, 102);
  const hooks = await eventually('the last notice', () => {
    const all = hooksOf(receiver, broken.operation);
    return all.length >= 4 && all;
  });
  expect(hooks.map(({ kind, facts }) => [kind, facts['count']])).toEqual([
    ['error_opened', 1],
    ['error_seen_often', 10],
    ['error_seen_often', 100],
    ['error_regressed', 102],
  ]);
});

test('no more than 20 notices a minute, however many errors are new', async ({ app, sql }) => {
  app.clock.advance(3600);
  const at = app.clock.now();
  const prefix = `planted.${newId()}`;
  for (let kind = 0; kind < 50; kind += 1) {
    app.kernel.hooks.alert({
      operation: `${prefix}-${kind}`,
      traceId: 'a'.repeat(32),
      actorId: null,
      error: failed(),
      input: undefined,
    });
  }
  await eventually('all are stored', async () => {
    const [row] = await sql`select count(*)::int from platform.error_groups where starts_with(operation, ${prefix})`;
    return row?.['count'] === 50;
  });
  const [told] = await sql`select count(*)::int from platform.error_groups where notified_at = ${at}`;
  expect(told).toEqual({ count: 20 });
  expect(app.logged).toContainEqual(expect.objectContaining({ heldBack: 30 }));
});

const failed = () => kernelError('INTERNAL', { cause: new Error('broken') });

test('a webhook is signed, and posted again until the receiver takes it', async ({ app, receiver }) => {
  receiver.answer('test', 500, 503, 204);
  const { status, taskId } = await testChannel(app, 'webhook');
  expect(status).toBe(202);
  const tries = await eventually(
    'three attempts of one delivery',
    () => {
      const all = receiver.received.filter(({ headers }) => headers['x-ashlar-delivery'] === taskId);
      return all.length === 3 && all;
    },
    25,
  );
  for (const { headers, body } of tries) {
    const signature = String(headers['x-ashlar-signature']);
    const [, seconds] = /^t=(\d+),v1=/.exec(signature) ?? [];
    const expected = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
    expect(signature).toBe(`t=${seconds},v1=${expected}`);
    expect(hook.parse(JSON.parse(body))).toMatchObject({ id: taskId, kind: 'test', source: app.config.http.publicUrl });
  }
});

test('a receiver that refuses ends it, and no error of ours comes of it', async ({ app, receiver }) => {
  receiver.answer('test', 410);
  const { taskId } = await testChannel(app, 'webhook');
  const { errors } = await eventually('the task is dead', async () => {
    const task = await get(app, `/tasks/${taskId}`);
    return task.state === 'dead' && task;
  });
  expect(errors).toMatchObject([{ code: 'WEBHOOK_REFUSED' }]);
  expect((await get(app, '/errors?operation=platform.deliver-alert')).items).toEqual([]);
});

test('an error of what delivers notices is told in the log alone', async ({ app, receiver }) => {
  app.clock.advance(3600);
  const operation = 'platform.deliver-mail';
  app.kernel.hooks.alert({
    operation,
    traceId: 'b'.repeat(32),
    actorId: null,
    error: failed(),
    input: undefined,
  });
  await untilCounted(app, { operation }, 1);
  const { taskId } = await testChannel(app, 'webhook');
  await eventually('what was enqueued after it is delivered', () =>
    receiver.received.some(({ headers }) => headers['x-ashlar-delivery'] === taskId),
  );
  expect(hooksOf(receiver, operation)).toEqual([]);
  expect(app.logged).toContainEqual(expect.objectContaining({ msg: 'A new error: Error in platform.deliver-mail' }));
});

test('mail goes to every address', async ({ app, sql }) => {
  const { taskId } = await testChannel(app, 'email');

  const mails = await eventually('both are written', async () => {
    const rows =
      await sql`select recipient, subject, text_body from platform.mails where starts_with(unique_key, ${`alert:${taskId}`})`;
    return rows.length === 2 && rows;
  });
  expect(new Set(mails.map(({ recipient }) => recipient))).toEqual(new Set(['night@example.com', 'ops@example.com']));
  expect(mails[0]).toMatchObject({ subject: 'Ashlar: A test of this channel' });
});

test('channels are listed without what may be secret', async ({ app, receiver }) => {
  const { origin } = new URL(receiver.url);
  expect((await get(app, '/channels')).items).toEqual([
    { name: 'log', isConfigured: true, target: null },
    { name: 'webhook', isConfigured: true, target: origin },
    { name: 'email', isConfigured: true, target: 'ops@example.com, night@example.com' },
  ]);
  await expect(run(app, 'platform.show-webhook-key')).rejects.toMatchObject({ code: 'KEY_IS_CONFIGURED' });
});

test('a test of the log is a line of it', async ({ app }) => {
  expect(await testChannel(app, 'log')).toEqual({ status: 202, taskId: null });
  expect(app.logged).toContainEqual(expect.objectContaining({ msg: 'A test of this channel' }));
});

const testChannel = async (app: TestApp, name: string) => {
  const response = await app.as(buildActor()).request(`/api/v1/platform/channels/${name}/test`, { method: 'POST' });
  const { taskId } = z.object({ taskId: z.uuid().nullable() }).parse(await response.json());
  return { status: response.status, taskId };
};

test('what is new and what came back is published, for whoever subscribes', async ({ app, sql }) => {
  const broken = breakAction(app, 'break-and-publish');
  await broken.ask();
  const { id: groupId } = await untilCounted(app, broken, 1);
  app.clock.advance(1);
  await app.as(buildActor()).request(`/api/v1/platform/errors/${groupId}/resolve`, { method: 'POST' });
  app.clock.advance(1);
  await broken.ask();
  const { lastTraceId: traceId } = await untilCounted(app, broken, 2);
  const published = await sql`
    select name, key, payload from kernel.events where payload ->> 'groupId' = ${groupId} order by seq`;
  const { operation: operationId } = broken;
  expect(published).toEqual([
    {
      name: 'platform.error_group_opened',
      key: groupId,
      payload: { groupId, operationId, code: 'RangeError', count: 1, traceId: expect.any(String) },
    },
    {
      name: 'platform.error_group_regressed',
      key: groupId,
      payload: { groupId, operationId, code: 'RangeError', count: 2, traceId },
    },
  ]);
});
