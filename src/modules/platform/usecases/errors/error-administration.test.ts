import { describe, expect } from 'vitest';

import { kernelError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const call = async (app: TestApp, access: `${'GET' | 'POST'} /${string}`) => {
  const [method = '', path = ''] = access.split(' ');
  const response = await app.as(buildActor()).request(`/api/v1/platform${path}`, { method });
  const answer = response.status === 204 ? null : JSON.parse(await response.text());
  return { status: response.status, answer };
};

/** As any use case would, at a moment of its own. */
const fail = async (app: TestApp, operation: string): Promise<void> => {
  app.clock.advance(1);
  const failing = app.kernel.runner.run({
    operation,
    type: 'async_task',
    actor: buildActor(),
    origin: null,
    reads: true,
    input: { name: 'planted-in-input' },
    signal: new AbortController().signal,
    timeoutSeconds: 5,
    execute: () => Promise.reject(new RangeError('planted-in-input is out of range')),
  });
  await expect(failing).rejects.toMatchObject({ code: 'INTERNAL' });
};

/** The error as the list shows it, once it was counted so often. */
const untilSeen = (app: TestApp, operation: string, count: number) =>
  eventually(`${operation} is counted ${count} times`, async () => {
    const { answer } = await call(app, `GET /errors?operation=${operation}`);
    return answer.items.find((item: { count: number }) => item.count === count);
  });

const plant = async (app: TestApp, operation = `probe.${newId()}`) => {
  await fail(app, operation);
  return untilSeen(app, operation, 1);
};

describe('errors over HTTP', () => {
  test('shows what was thrown, with its context and without values', async ({ app }) => {
    const { id, operation } = await plant(app);
    await fail(app, operation);
    await untilSeen(app, operation, 2);

    const { answer } = await call(app, `GET /errors/${id}`);
    expect(answer).toMatchObject({
      id,
      operation,
      code: 'RangeError',
      message: 'RangeError: [input] is out of range',
      state: 'open',
      count: 2,
      firstRelease: app.kernel.release,
      resolvedAt: null,
      frames: expect.arrayContaining([expect.stringContaining('error-administration.test.ts')]),
    });
    expect(answer.samples).toHaveLength(2);
    expect(answer.samples[0]).toMatchObject({
      traceId: answer.lastTraceId,
      actorId: expect.any(String),
      release: app.kernel.release,
      inputShape: { name: 'string(16)' },
      stack: expect.stringContaining('error-administration.test.ts'),
      logLines: expect.arrayContaining([expect.stringContaining('internal error')]),
    });
    expect(JSON.stringify(answer)).not.toContain('planted-in-input');
    expect((await call(app, `GET /errors/${id}?samples=1`)).answer.samples).toHaveLength(1);
  });

  test('lists by state and operation, those seen last first, a page at a time', async ({ app }) => {
    const operation = `probe.${newId()}`;
    const first = await plant(app, operation);
    await call(app, `POST /errors/${first.id}/ignore`);
    const second = await plant(app);
    const ids = async (query: string): Promise<string[]> => {
      const { answer } = await call(app, `GET /errors?${query}`);
      return answer.items.map(({ id }: { id: string }) => id);
    };
    expect(await ids(`operation=${operation}`)).toEqual([first.id]);
    expect(await ids(`operation=${operation}&state=open`)).toEqual([]);
    expect(await ids(`operation=${operation}&state=ignored`)).toEqual([first.id]);
    const page = await call(app, 'GET /errors?limit=1');
    expect(page.answer.items[0].id).toBe(second.id);
    expect((await ids(`limit=1&cursor=${page.answer.nextCursor}`))[0]).toBe(first.id);
  });

  test('a resolved error that is seen again has regressed; an ignored one is only counted', async ({ app }) => {
    const { id, operation } = await plant(app);
    app.clock.advance(1);
    expect(await call(app, `POST /errors/${id}/resolve`)).toMatchObject({ status: 204 });
    await fail(app, operation);
    expect(await untilSeen(app, operation, 2)).toMatchObject({ state: 'regressed' });
    expect(await call(app, `POST /errors/${id}/ignore`)).toMatchObject({ status: 204 });
    await fail(app, operation);
    expect(await untilSeen(app, operation, 3)).toMatchObject({ state: 'ignored' });
    expect(await call(app, `POST /errors/${id}/reopen`)).toMatchObject({ status: 204 });
    const { answer } = await call(app, `GET /errors/${id}`);
    expect(answer).toMatchObject({ state: 'open', resolvedAt: expect.any(String), regressedAt: expect.any(String) });
  });

  test('what happened before an error was resolved and is stored after it, is no regression', async ({ app }) => {
    const { id, operation } = await plant(app);
    await fail(app, operation);
    app.clock.advance(1);
    await call(app, `POST /errors/${id}/resolve`);
    expect(await untilSeen(app, operation, 2)).toMatchObject({ state: 'resolved' });
  });

  test.for(['resolve', 'ignore', 'reopen'] as const)(
    'says STATE_UNCHANGED the second time: %s',
    async (verb, { app }) => {
      const { id } = await plant(app);
      if (verb === 'reopen') await call(app, `POST /errors/${id}/ignore`);
      expect(await call(app, `POST /errors/${id}/${verb}`)).toMatchObject({ status: 204 });
      expect(await call(app, `POST /errors/${id}/${verb}`)).toMatchObject({
        status: 409,
        answer: { code: 'STATE_UNCHANGED' },
      });
    },
  );

  test.for(['GET', 'POST /resolve', 'POST /ignore', 'POST /reopen'])(
    'says ERROR_NOT_FOUND of an error that there never was: %s',
    async (access, { app }) => {
      const [method = '', verb = ''] = access.split(' ');
      const answer = await call(app, `${method === 'GET' ? 'GET' : 'POST'} /errors/${newId()}${verb}`);
      expect(answer).toMatchObject({ status: 404, answer: { code: 'ERROR_NOT_FOUND' } });
    },
  );

  test('an error that was not seen for 90 days is forgotten, with its samples', async ({ app, sql }) => {
    const old = await plant(app);
    app.clock.advance(90 * 86_400 + 60);
    const young = await plant(app);
    await app.kernel.retention.dropExpired(new AbortController().signal);
    const left = await sql`select id from platform.error_groups where id in ${sql([old.id, young.id])}`;
    expect(left).toEqual([{ id: young.id }]);
    expect(await sql`select from platform.error_samples where group_id = ${old.id}`).toEqual([]);
  });

  test('a refusal is no error', async ({ app }) => {
    const operation = `probe.${newId()}`;
    const refused = app.kernel.runner.run({
      operation,
      type: 'async_task',
      actor: null,
      origin: null,
      reads: true,
      signal: new AbortController().signal,
      timeoutSeconds: 5,
      execute: () => Promise.reject(kernelError('PERMISSION_DENIED')),
    });
    await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED' });
    await plant(app);
    expect((await call(app, `GET /errors?operation=${operation}`)).answer.items).toEqual([]);
  });
});

describe('errors on the command line', () => {
  test('are listed, shown, resolved and ignored', async ({ app }) => {
    const { id, operation } = await plant(app);
    expect(await run(app, 'platform.list-errors', { operation })).toMatchObject({ items: [{ id, count: 1 }] });
    expect(await run(app, 'platform.show-error', { id })).toMatchObject({ id, samples: [expect.anything()] });
    for (const command of ['platform.close-error', 'platform.mute-error']) {
      expect(await run(app, command, { id })).toEqual({ id });
      await expect(run(app, command, { id })).rejects.toMatchObject({ code: 'STATE_UNCHANGED' });
      await expect(run(app, command, { id: newId() })).rejects.toMatchObject({ code: 'ERROR_NOT_FOUND' });
    }
    await expect(run(app, 'platform.show-error', { id: newId() })).rejects.toMatchObject({ code: 'ERROR_NOT_FOUND' });
  });
});
