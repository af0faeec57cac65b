import { expect } from 'vitest';

import { test } from '#test/database.ts';
import type { Database } from './database/database.ts';
import { createRetentions } from './retention.ts';

/** What is called, and how often. */
const build = (database: Database) => {
  const called: string[] = [];
  const retentions = createRetentions(database);
  const add = (name: string, answers: readonly (boolean | Error)[]) => {
    const left = [...answers];
    const act = () => {
      called.push(name);
      const next = left.shift() ?? false;
      return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
    };
    retentions.add({ name, createPartitions: act, dropExpired: act });
  };
  return { retentions, add, called, signal: new AbortController().signal };
};

test('asks a mechanism again as long as it has more to drop', async ({ database }) => {
  const { retentions, add, called, signal } = build(database);
  add('logs', [true, true, false, true]);
  retentions.add({ name: 'nothing to do' });
  await retentions.dropExpired(signal);
  expect(called).toEqual(['logs', 'logs', 'logs']);
});

test('goes on with the others when one fails, and names it at the end', async ({ database }) => {
  const { retentions, add, called } = build(database);
  const broken = new Error('no space');
  add('first', [broken]);
  add('second', []);
  await expect(retentions.createPartitions()).rejects.toMatchObject({
    message: 'partitions could not be made: first',
    errors: [broken],
  });
  expect(called).toEqual(['first', 'second']);
});

test('stops between two batches when it is told to', async ({ database }) => {
  const { retentions, add, called } = build(database);
  const controller = new AbortController();
  add('logs', [true]);
  retentions.add({
    name: 'interrupts',
    dropExpired: () => {
      controller.abort(new Error('the process stops'));
      return Promise.resolve(true);
    },
  });
  add('later', [true]);
  await expect(retentions.dropExpired(controller.signal)).rejects.toThrow('interrupts, later');
  expect(called).toEqual(['logs', 'logs']);
});
