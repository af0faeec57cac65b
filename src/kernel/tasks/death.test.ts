import { expect } from 'vitest';

import { test as base } from '#test/database.ts';
import { buildTask, eventually, openTaskApp } from './testing/open-task-app.ts';

const test = base.extend('app', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
  const app = await openTaskApp(databaseUrl);
  onCleanup(() => app.close());
  return app;
});

test('tells of each death of a task by one event, and of nothing else', async ({ app, sql }) => {
  const retry = { attempts: 2, baseDelaySeconds: 0.01 };
  const { contract, usecase } = buildTask('mortal', { queue: 'mortal', retry }, async (_ctx, { isMortal }) => {
    if (isMortal === true) throw new Error('no');
  });
  app.work([usecase]);
  const told = () => sql`select payload from kernel.events where name = 'test.task_died' order by seq`;
  await app.enqueue(contract, { isMortal: false });
  const id = (await app.enqueue(contract, { isMortal: true })) ?? '';
  await eventually('it is announced', () => app.died.length === 1);
  await app.database.transaction((tx) => app.tasks.retryDead(tx, [id]));
  await eventually('it is announced again', () => app.died.length === 2);

  const payload = { taskId: id, queue: 'mortal', name: 'test.mortal', reason: 'attempts_exhausted' };
  expect(await told()).toEqual([{ payload }, { payload }]);
  expect(app.died).toEqual(['test.task_died', 'test.task_died']);
});
