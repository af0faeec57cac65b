import { describe, expect } from 'vitest';

import { sql as text } from 'drizzle-orm';

import { newId } from '#kernel/ids.ts';
import { probeTask } from '#portals/platform.ts';
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

const enqueue = (app: TestApp, options = {}) =>
  app.kernel.database.transaction((tx) => app.kernel.tasks.enqueue(tx, probeTask, { seconds: 0 }, options));

/** As a worker would leave it. */
const die = async (app: TestApp, options = {}): Promise<string> => {
  const id = (await enqueue(app, options)) ?? '';
  await app.kernel.database.transaction((tx) =>
    tx.execute(text`
      with gone as (delete from kernel.tasks where id = ${id} returning *)
      insert into kernel.task_dead
        (task_id, queue, name, priority, group_key, unique_key, payload, reason, attempt, errors, created_at)
      select id, queue, name, priority, group_key, unique_key, payload, 'not_retriable', 1, '[]', created_at from gone`),
  );
  return id;
};

describe('tasks over HTTP', () => {
  test('lists tasks by every filter, and a page at a time', async ({ app }) => {
    const queue = newId();
    const waiting = await enqueue(app, { queue, runAt: new Date(Date.now() + 60_000), groupKey: 'g' });
    const ready = await enqueue(app, { queue });
    const dead = await die(app, { queue });
    const ids = async (query: string) => {
      const { answer } = await call(app, `GET /tasks?queue=${queue}&${query}`);
      return answer.items.map(({ id }: { id: string }) => id);
    };
    expect(await ids('')).toEqual([dead, ready, waiting]);
    expect(await ids('state=waiting')).toEqual([waiting]);
    expect(await ids('state=ready')).toEqual([ready]);
    expect(await ids('state=dead&reason=not_retriable')).toEqual([dead]);
    expect(await ids('reason=timed_out')).toEqual([]);
    expect(await ids('group=g')).toEqual([waiting]);
    expect(await ids('name=platform.probe&from=2000-01-01T00:00:00Z')).toHaveLength(3);
    expect(await ids('to=2000-01-01T00:00:00Z')).toEqual([]);
    const first = await call(app, `GET /tasks?queue=${queue}&limit=2`);
    expect(await ids(`limit=2&cursor=${first.answer.nextCursor}`)).toEqual([waiting]);
  });

  test('says why a task waits', async ({ app }) => {
    const queue = newId();
    const options = { queue, groupKey: 'g', runAt: new Date(Date.now() + 60_000) };
    await enqueue(app, options);
    const second = await enqueue(app, options);
    await call(app, `POST /queues/${queue}/pause`);
    const { answer } = await call(app, `GET /tasks/${second}`);
    expect(answer).toMatchObject({
      id: second,
      state: 'waiting',
      payload: { seconds: 0 },
      waitsFor: ['run_at', 'queue_paused', 'group_head', 'no_worker'],
    });
  });

  test.for([
    ['GET', ''],
    ['POST', '/retry'],
    ['POST', '/cancel'],
  ] as const)('says TASK_NOT_FOUND: %s a task that there never was', async ([method, verb], { app }) => {
    const { status, answer } = await call(
      app,
      `${method} /tasks/${newId()}${verb}`,
      method === 'POST' ? {} : undefined,
    );
    expect({ status, code: answer.code }).toEqual({ status: 404, code: 'TASK_NOT_FOUND' });
  });

  test('begins a dead task anew, and says TASK_NOT_DEAD the second time', async ({ app }) => {
    const id = await die(app, { queue: newId() });
    expect(await call(app, `POST /tasks/${id}/retry`)).toMatchObject({ status: 204 });
    expect((await call(app, `GET /tasks/${id}`)).answer).toMatchObject({ state: 'ready', attempt: 0, reason: null });
    expect(await call(app, `POST /tasks/${id}/retry`)).toMatchObject({
      status: 409,
      answer: { code: 'TASK_NOT_DEAD' },
    });
  });

  test('cancels what waits, and says TASK_FINISHED of what has ended', async ({ app }) => {
    const id = await enqueue(app, { queue: newId() });
    expect(await call(app, `POST /tasks/${id}/cancel`)).toMatchObject({ status: 204 });
    expect(await call(app, `GET /tasks/${id}`)).toMatchObject({ status: 404 });
    const dead = await die(app, { queue: newId() });
    expect(await call(app, `POST /tasks/${dead}/cancel`)).toMatchObject({
      status: 409,
      answer: { code: 'TASK_FINISHED' },
    });
  });

  test.for(['retry', 'purge'] as const)(
    '%s counts on a dry run, then does it; FILTER_REQUIRED without a filter',
    async (verb, { app }) => {
      const queue = newId();
      await die(app, { queue });
      await die(app, { queue });
      const path = `POST /tasks/${verb}` as const;
      expect(await call(app, path, {})).toMatchObject({ status: 400, answer: { code: 'FILTER_REQUIRED' } });
      expect((await call(app, path, { queue, dryRun: true })).answer).toEqual({ count: 2 });
      expect((await call(app, path, { queue })).answer).toEqual({ count: 2 });
      expect((await call(app, path, { queue })).answer).toEqual({ count: 0 });
      const left = (await call(app, `GET /tasks?queue=${queue}`)).answer.items;
      expect(left).toHaveLength(verb === 'retry' ? 2 : 0);
    },
  );

  test('pauses and resumes a queue; says QUEUE_NOT_FOUND of one that nobody named', async ({ app }) => {
    const queue = newId();
    await enqueue(app, { queue });
    const find = async () => {
      const { answer } = await call(app, 'GET /queues');
      return answer.items.find(({ name }: { name: string }) => name === queue);
    };
    expect(await call(app, `POST /queues/${queue}/pause`)).toMatchObject({ status: 204 });
    expect(await find()).toMatchObject({ pausedAt: expect.any(String), ready: 1, running: 0, workers: 0 });
    expect(await call(app, `POST /queues/${queue}/resume`)).toMatchObject({ status: 204 });
    expect(await find()).toMatchObject({ pausedAt: null });
    for (const verb of ['pause', 'resume']) {
      const answer = await call(app, `POST /queues/${newId()}/${verb}`);
      expect(answer).toMatchObject({ status: 404, answer: { code: 'QUEUE_NOT_FOUND' } });
    }
    expect(await call(app, 'GET /workers')).toMatchObject({ status: 200, answer: { items: [] } });
  });
});

describe('tasks on the command line', () => {
  test('probe enqueues, list finds, show shows, cancel ends it', async ({ app }) => {
    const probe = await run(app, 'platform.probe-tasks', { seconds: 3 });
    expect(probe).toEqual({ id: expect.any(String) });
    expect(await run(app, 'platform.list-tasks', { name: 'platform.probe' })).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining(probe)]),
    });
    expect(await run(app, 'platform.show-task', probe)).toMatchObject({ payload: { seconds: 3 } });
    expect(await run(app, 'platform.stop-task', probe)).toEqual(probe);
    await expect(run(app, 'platform.show-task', probe)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
    await expect(run(app, 'platform.stop-task', probe)).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  test('retry begins a dead task anew, once; what is dead cannot be cancelled', async ({ app }) => {
    const id = await die(app, { queue: newId() });
    await expect(run(app, 'platform.stop-task', { id })).rejects.toMatchObject({ code: 'TASK_FINISHED' });
    expect(await run(app, 'platform.requeue-task', { id })).toEqual({ id });
    await expect(run(app, 'platform.requeue-task', { id })).rejects.toMatchObject({ code: 'TASK_NOT_DEAD' });
    await expect(run(app, 'platform.requeue-task', { id: newId() })).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' });
  });

  test('purge forgets dead tasks that fit, and none without a filter', async ({ app }) => {
    const queue = newId();
    await die(app, { queue });
    await expect(run(app, 'platform.clear-tasks', {})).rejects.toMatchObject({ code: 'FILTER_REQUIRED' });
    expect(await run(app, 'platform.clear-tasks', { queue, dryRun: true })).toEqual({ count: 1, dryRun: true });
    expect(await run(app, 'platform.clear-tasks', { queue })).toEqual({ count: 1, dryRun: false });
  });

  test('queues are listed, paused and resumed', async ({ app }) => {
    const name = newId();
    await enqueue(app, { queue: name });
    expect(await run(app, 'platform.hold-queue', { name })).toEqual({ name });
    expect(await run(app, 'platform.list-queues')).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name, pausedAt: expect.any(String) })]),
    });
    expect(await run(app, 'platform.release-queue', { name })).toEqual({ name });
    for (const verb of ['hold-queue', 'release-queue']) {
      const unknown = run(app, `platform.${verb}`, { name: newId() });
      await expect(unknown).rejects.toMatchObject({ code: 'QUEUE_NOT_FOUND' });
    }
  });

  test('a probe waits, and ends in its own transaction', async ({ app }) => {
    expect(await run(app, 'platform.probe', { seconds: 0.1 })).toBeUndefined();
  });
});
