import { describe, expect } from 'vitest';

import { openCronManager } from '#kernel/schedules/cron-manager.ts';
import { defineSchedules } from '#kernel/schedules/schedule-definition.ts';
import { type TestApp, test as base } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const call = async (app: TestApp, access: `${'GET' | 'POST'} /${string}`) => {
  const [method = '', path = ''] = access.split(' ');
  const init = method === 'POST' ? { body: '{}', headers: { 'content-type': 'application/json' } } : {};
  const response = await app.as(buildActor()).request(`/api/v1/platform${path}`, { method, ...init });
  const answer = response.status === 204 ? null : JSON.parse(await response.text());
  return { status: response.status, answer };
};

/** Seen by a manager; nothing of it is enqueued before the hour is over. */
const test = base.extend('id', { scope: 'file' }, async ({ app }) => {
  const { database, tasks, log } = app.kernel;
  const heads = app.modules.flatMap(({ name: module, usecases }) =>
    usecases.flatMap((usecase) => (usecase.type === 'async_task' ? [{ module, usecase }] : [])),
  );
  const schedules = defineSchedules(heads, 'UTC');
  await openCronManager({ database, tasks, log, schedules, random: Math.random }).close();
  return 'platform.drop-expired';
});

const head = {
  cron: '25 * * * *',
  timeZone: 'UTC',
  jitterSeconds: 0,
  overlap: 'skip',
  catchUp: 'latest',
};

describe('schedules over HTTP', () => {
  test('are listed by id, a page at a time, with when they are due next', async ({ app, id }) => {
    const { status, answer } = await call(app, 'GET /schedules');
    expect(status).toBe(200);
    expect(answer.nextCursor).toBe(null);
    const found = answer.items.find((item: { id: string }) => item.id === id);
    expect(found).toEqual({
      id,
      ...head,
      pausedAt: null,
      nextAt: expect.stringMatching(/:25:00.000Z$/),
      lastFiredAt: null,
    });
    const ids = answer.items.map((item: { id: string }) => item.id);
    expect(ids).toEqual(ids.toSorted());
    const first = await call(app, 'GET /schedules?limit=1');
    const second = await call(app, `GET /schedules?limit=1&cursor=${first.answer.nextCursor}`);
    expect([first.answer.items[0].id, second.answer.items[0].id]).toEqual(ids.slice(0, 2));
  });

  test('one is shown with its next ten slots and its history', async ({ app, id, sql }) => {
    await sql`
      insert into kernel.schedule_fires (id, schedule_id, slot, fired_at)
      values (gen_random_uuid(), ${id}, '2026-01-01T00:25Z', '2026-01-01T00:25:01Z')`;
    const { status, answer } = await call(app, `GET /schedules/${id}`);
    expect(status).toBe(200);
    expect(answer).toMatchObject({ id, ...head });
    expect(answer.next).toHaveLength(10);
    expect(answer.next[0]).toMatch(/:25:00.000Z$/);
    expect(answer.history).toContainEqual({
      slot: '2026-01-01T00:25:00.000Z',
      firedAt: '2026-01-01T00:25:01.000Z',
      taskId: null,
      state: 'skipped',
    });
  });

  test('pause lets nothing be due, resume begins anew; both change nothing the second time', async ({
    app,
    id,
    sql,
  }) => {
    expect(await call(app, `POST /schedules/${id}/pause`)).toEqual({ status: 204, answer: null });
    const paused = await call(app, `GET /schedules/${id}`);
    expect(paused.answer).toMatchObject({ pausedAt: expect.any(String), nextAt: null, next: [] });
    await call(app, `POST /schedules/${id}/pause`);
    expect((await call(app, `GET /schedules/${id}`)).answer.pausedAt).toBe(paused.answer.pausedAt);

    await sql`update kernel.schedules set cursor_at = now() - interval '5 hours' where id = ${id}`;
    expect(await call(app, `POST /schedules/${id}/resume`)).toEqual({ status: 204, answer: null });
    const { answer } = await call(app, `GET /schedules/${id}`);
    expect(answer).toMatchObject({ pausedAt: null, nextAt: expect.any(String) });
    expect(Date.parse(answer.nextAt)).toBeGreaterThan(Date.parse(paused.answer.pausedAt));
    await call(app, `POST /schedules/${id}/resume`);
    expect((await call(app, `GET /schedules/${id}`)).answer.nextAt).toBe(answer.nextAt);
  });

  test('trigger enqueues its task at once, and says ALREADY_RUNNING while that is unfinished', async ({ app, sql }) => {
    const id = 'platform.create-partitions';
    const triggered = await call(app, `POST /schedules/${id}/trigger`);
    expect(triggered).toEqual({ status: 202, answer: { taskId: expect.any(String) } });
    const { taskId } = triggered.answer;
    expect(await call(app, `GET /tasks/${taskId}`)).toMatchObject({ answer: { name: id, state: 'ready' } });
    expect(await call(app, `POST /schedules/${id}/trigger`)).toMatchObject({
      status: 409,
      answer: { code: 'ALREADY_RUNNING' },
    });
    expect((await call(app, `GET /schedules/${id}`)).answer.history[0]).toEqual({
      slot: null,
      firedAt: expect.any(String),
      taskId,
      state: 'ready',
    });
    await sql`delete from kernel.tasks where id = ${taskId}`;
    expect((await call(app, `GET /schedules/${id}`)).answer.history[0]).toMatchObject({ state: 'gone' });
    expect(await call(app, `POST /schedules/${id}/trigger`)).toMatchObject({ status: 202 });
  });

  test.for([
    'GET /schedules/x.y',
    'POST /schedules/x.y/pause',
    'POST /schedules/x.y/resume',
    'POST /schedules/x.y/trigger',
  ] as const)('says SCHEDULE_NOT_FOUND: %s, which no task has', async (access, { app }) => {
    expect(await call(app, access)).toMatchObject({ status: 404, answer: { code: 'SCHEDULE_NOT_FOUND' } });
  });
});

describe('schedules on the command line', () => {
  test('list shows them; pause, resume and trigger act on one', async ({ app, id, sql }) => {
    expect(await run(app, 'platform.hold-schedule', { id })).toEqual({ id });
    expect(await run(app, 'platform.list-schedules')).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ id, pausedAt: expect.any(String) })]),
    });
    const { taskId } = Object(await run(app, 'platform.fire-schedule', { id }));
    await expect(run(app, 'platform.fire-schedule', { id })).rejects.toMatchObject({ code: 'ALREADY_RUNNING' });
    expect(await run(app, 'platform.release-schedule', { id })).toEqual({ id });
    await sql`delete from kernel.tasks where id = ${taskId}`;
  });

  test.for(['hold', 'release', 'fire'] as const)(
    '%s says SCHEDULE_NOT_FOUND of what no task has',
    async (verb, { app }) => {
      const unknown = run(app, `platform.${verb}-schedule`, { id: 'x.y' });
      await expect(unknown).rejects.toMatchObject({ code: 'SCHEDULE_NOT_FOUND' });
    },
  );
});
