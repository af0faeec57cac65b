import { expect } from 'vitest';

import { test } from '#test/app.ts';
import { run } from '#test/run.ts';

test('a command answers what it found', async ({ app }) => {
  expect(await run(app, 'platform.show-config')).toEqual({ settings: [] });
});

test('an input that breaks the head does not reach the use case', async ({ app }) => {
  await expect(run(app, 'platform.create-migration', { module: 'No Such' })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
  });
});
