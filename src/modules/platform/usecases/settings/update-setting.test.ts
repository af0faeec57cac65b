import { describe, expect } from 'vitest';
import { z } from 'zod';

import { manageSettings, readSettings, settingChanged, taskResultRetentionDays } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const key = taskResultRetentionDays.key;
const setting = z.object({ value: z.unknown(), version: z.int(), isOverridden: z.boolean() }).loose();

const as = (app: TestApp) =>
  app.as(buildActor({ isSuperuser: false, permissions: new Set([readSettings.name, manageSettings.name]) }));

const put = async (app: TestApp, body: object, path = key) => {
  const response = await as(app).request(`/api/v1/platform/settings/${path}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: JSON.parse(await response.text()) };
};

const find = async (app: TestApp) => {
  const response = await as(app).request('/api/v1/platform/settings');
  const { items } = z.object({ items: z.array(setting) }).parse(await response.json());
  const found = items.find((item) => item['key'] === key);
  if (found === undefined) throw new Error(`${key} is not listed`);
  return found;
};

const remove = (app: TestApp, path = key) => as(app).request(`/api/v1/platform/settings/${path}`, { method: 'DELETE' });

describe('settings over HTTP', () => {
  test('are listed with what they mean and what they may be', async ({ app }) => {
    expect(await find(app)).toMatchObject({
      kind: 'value',
      description: taskResultRetentionDays.description,
      schema: { anyOf: [{ type: 'integer', minimum: 1, maximum: 3650 }, { type: 'null' }] },
      default: null,
      problem: null,
    });
  });

  test('are what was set at once, until the default holds again', async ({ app }) => {
    const { version } = await find(app);
    expect(await put(app, { value: 30, version })).toEqual({ status: 200, answer: { version: version + 1 } });
    expect(app.platform.getSetting(taskResultRetentionDays)).toBe(30);
    expect(await find(app)).toMatchObject({ value: 30, version: version + 1, isOverridden: true });

    expect((await remove(app)).status).toBe(204);
    expect(app.platform.getSetting(taskResultRetentionDays)).toBe(null);
    expect(await find(app)).toMatchObject({ value: null, version: version + 2, isOverridden: false });
    expect((await remove(app)).status).toBe(204);
  });

  test('publish an event with each change', async ({ app, sql }) => {
    const count = async () => {
      const rows = await sql`
        select from kernel.events where name = ${settingChanged.name} and payload ->> 'key' = ${key}`;
      return rows.length;
    };
    const before = await count();
    await put(app, { value: 60, version: (await find(app)).version });
    await put(app, { value: 61, version: 0 });
    await remove(app);
    await remove(app);
    expect((await count()) - before).toBe(2);
  });

  test('say VERSION_CONFLICT to whoever read an older version', async ({ app }) => {
    const { version } = await find(app);
    await put(app, { value: 40, version });
    for (const stale of [version, version + 2, 0]) {
      expect(await put(app, { value: 50, version: stale })).toMatchObject({
        status: 409,
        answer: { code: 'VERSION_CONFLICT' },
      });
    }
    expect(app.platform.getSetting(taskResultRetentionDays)).toBe(40);
  });

  test('are set by one of those who try at once', async ({ app }) => {
    const { version } = await find(app);
    const answers = await Promise.all([1, 2, 3, 4, 5].map((value) => put(app, { value, version })));
    expect(answers.map(({ status }) => String(status)).toSorted()).toEqual(['200', '409', '409', '409', '409']);
  });

  test('say SETTING_NOT_FOUND of what no module declares', async ({ app }) => {
    const answer = { status: 404, answer: { code: 'SETTING_NOT_FOUND' } };
    expect(await put(app, { value: 1, version: 0 }, 'platform.nothing')).toMatchObject(answer);
    expect((await remove(app, 'platform.nothing')).status).toBe(404);
  });

  test.for([
    [{ value: 0 }, 'value'],
    [{ value: 'a week' }, 'value'],
    [{}, 'value'],
    [{ value: 1, version: -1 }, 'version'],
  ] as const)('refuse %o and name the field', async ([body, field], { app }) => {
    expect(await put(app, { version: 0, ...body })).toMatchObject({
      status: 400,
      answer: { code: 'INPUT_INVALID', fields: { [field]: [expect.any(String)] } },
    });
  });
});

describe('settings on the command line', () => {
  test('are set from YAML, listed and reset', async ({ app }) => {
    expect(await run(app, 'platform.set-setting', { key, value: '21' })).toEqual({ key, value: 21 });
    expect(app.platform.getSetting(taskResultRetentionDays)).toBe(21);
    expect(await run(app, 'platform.list-settings')).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ key, value: 21 })]),
    });
    expect(await run(app, 'platform.reset-setting', { key })).toEqual({ key, value: null });
    expect(app.platform.getSetting(taskResultRetentionDays)).toBe(null);
  });

  test.for([
    ['platform.set-setting', { key: 'platform.nothing', value: '1' }, 'SETTING_NOT_FOUND'],
    ['platform.reset-setting', { key: 'platform.nothing' }, 'SETTING_NOT_FOUND'],
    ['platform.set-setting', { key, value: '[' }, 'INPUT_INVALID'],
    ['platform.set-setting', { key, value: 'a week' }, 'INPUT_INVALID'],
  ] as const)('%s with %o says %s', async ([operation, input, code], { app }) => {
    await expect(run(app, operation, input)).rejects.toMatchObject({ code });
  });
});
