import { expect, test } from 'vitest';

import { AppError } from './error.ts';
import { createLifecycle, exitCodeOf } from './lifecycle.ts';

const open = () => {
  const events: string[] = [];
  const lifecycle = createLifecycle();
  const close = (deadlineSeconds: number) =>
    lifecycle.close({
      deadlineSeconds,
      report: ({ part, err }) =>
        void events.push(`report ${part}: ${err instanceof Error ? err.message : String(err)}`),
    });
  const part = (name: string, closing = () => Promise.resolve()) =>
    lifecycle.open(
      name,
      () => void events.push(`open ${name}`),
      async () => {
        events.push(`close ${name}`);
        await closing();
      },
    );
  return { events, lifecycle, part, close };
};

test('closes in exactly the reverse order of opening', async () => {
  const { events, part, close } = open();
  for (const name of ['log', 'database', 'http']) await part(name);

  expect(await close(5)).toBe(true);

  expect(events).toEqual(['open log', 'open database', 'open http', 'close http', 'close database', 'close log']);
});

test('closes what was opened before a part that failed to open', async () => {
  const { events, lifecycle, part, close } = open();
  await part('log');
  await expect(
    lifecycle.open(
      'database',
      () => Promise.reject(new Error('gone')),
      () => undefined,
    ),
  ).rejects.toThrow('gone');

  await close(5);

  expect(events).toEqual(['open log', 'close log']);
});

test('reports a part that fails to close, closes the rest, and says that the stop was not clean', async () => {
  const { events, part, close } = open();
  await part('log');
  await part('database', () => Promise.reject(new Error('stuck')));

  expect(await close(5)).toBe(false);

  expect(events).toEqual(['open log', 'open database', 'close database', 'report database: stuck', 'close log']);
});

test('gives up at the deadline', async () => {
  const { part, close } = open();
  await part('stuck', () => new Promise(() => undefined));

  expect(await close(0.02)).toBe(false);
});

test.each([
  ['invalid', 2],
  ['conflict', 3],
  ['forbidden', 3],
  ['not_found', 3],
  ['unavailable', 1],
  ['internal', 1],
] as const)('an error of kind %s ends a command with exit code %i', (kind, code) => {
  expect(exitCodeOf(new AppError('X', { kind }))).toBe(code);
});
