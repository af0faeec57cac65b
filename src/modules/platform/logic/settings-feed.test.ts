import { expect } from 'vitest';
import { z } from 'zod';

import { createEvents } from '#kernel/events/events.ts';
import { openFeedProcess } from '#kernel/feed/testing/open-feed-process.ts';
import { buildLog } from '#test/build.ts';
import { test } from '#test/database.ts';
import { listSettingRows, upsertSetting } from '../store/settings.ts';
import { createSettings } from './settings.ts';

const height = { key: 'wall.height', description: 'In stones', schema: z.int(), default: 3 };

const start = async (url: string) => {
  const { database, feed, close } = await openFeedProcess({ url });
  const settings = createSettings({
    listDeclared: () => [height],
    listChanges: () => listSettingRows(database.lanes),
    feed,
    events: createEvents(database, buildLog()),
    log: buildLog(),
  });
  await settings.load();
  const set = (value: number, version: number) =>
    database.transaction(async (tx) => {
      const next = await upsertSetting(tx, { key: height.key, json: JSON.stringify(value), version });
      if (next === null) throw new Error('somebody was faster');
      await settings.announce(tx, { key: height.key, value, isOverridden: true, version: next });
    });
  return { settings, set, close };
};

test('a change is there in every process within a second, without a bus, and in one that starts later', async ({
  databaseUrl,
}) => {
  const [one, other] = await Promise.all([start(databaseUrl), start(databaseUrl)]);
  await one.set(5, 0);
  expect(one.settings.get(height)).toBe(5);
  await expect.poll(() => other.settings.get(height), { timeout: 1000, interval: 20 }).toBe(5);

  await other.set(6, 1);
  await expect.poll(() => one.settings.get(height), { timeout: 1000, interval: 20 }).toBe(6);
  const late = await start(databaseUrl);
  expect(late.settings.get(height)).toBe(6);
  await Promise.all([one, other, late].map(({ close }) => close()));
});
