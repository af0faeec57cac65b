import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { flagSchema, type SettingContract } from '#kernel/setting.ts';
import { buildLog } from '#test/build.ts';
import { createSettings, type SettingChange } from './settings.ts';

const height = { key: 'wall.height', description: 'In stones', schema: z.int().min(1), default: 3 };
const mortar = {
  key: 'wall.mortar',
  description: 'With it',
  schema: flagSchema,
  default: flagSchema.parse({ enabled: false }),
};
const note = { key: 'wall.note', description: 'Or none', schema: z.string().nullable(), default: 'lime' };

const set = (key: string, value: unknown, version = 1): SettingChange => ({ key, value, version, isOverridden: true });

/** A process whose notices the test brings. */
const open = async (
  changes: readonly SettingChange[] = [],
  declared: readonly SettingContract[] = [height, mortar, note],
) => {
  const logged: Record<string, unknown>[] = [];
  const table = [...changes];
  const listeners: { tell: (data: unknown) => void; missed: () => void }[] = [];
  const settings = createSettings({
    listDeclared: () => declared,
    listChanges: () => Promise.resolve(table),
    feed: {
      publish: () => Promise.reject(new Error('this process only listens')),
      listen: (topic, fn, missed = () => undefined) => {
        listeners.push({ tell: (data) => fn(topic.data.parse(data)), missed });
        return () => undefined;
      },
    },
    events: { publish: () => Promise.reject(new Error('this process only listens')) },
    log: buildLog(logged),
  });
  await settings.load();
  const apply = (change: SettingChange) => listeners.forEach(({ tell }) => tell(change));
  return { ...settings, logged, apply, table, miss: () => listeners.forEach(({ missed }) => missed()) };
};

describe('settings in memory', () => {
  test('are their defaults until something is set', async () => {
    const settings = await open();
    expect([settings.get(height), settings.isEnabled(mortar, 'ann')]).toEqual([3, false]);
  });

  test('are what was set, also where that is null', async () => {
    const settings = await open([set('wall.height', 5), set('wall.note', null)]);
    expect([settings.get(height), settings.get(note)]).toEqual([5, null]);
  });

  test('take a change over, and the default when it is forgotten', async () => {
    const settings = await open();
    settings.apply(set('wall.mortar', { enabled: true }));
    settings.apply(set('wall.height', 7));
    expect([settings.get(height), settings.isEnabled(mortar, null)]).toEqual([7, true]);

    for (const key of ['wall.height', 'wall.mortar']) {
      settings.apply({ key, value: null, version: 2, isOverridden: false });
    }
    expect([settings.get(height), settings.isEnabled(mortar, null)]).toEqual([3, false]);
  });

  test('keep the newest of two changes, in whatever order they arrive', async () => {
    const settings = await open([set('wall.height', 9, 3)]);
    settings.apply(set('wall.height', 8, 2));
    expect(settings.get(height)).toBe(9);
  });

  test('fall back to the default where what was set no longer fits, and say so', async () => {
    const settings = await open([set('wall.height', 'tall'), set('wall.mortar', { enabled: 'perhaps' })]);
    expect([settings.get(height), settings.isEnabled(mortar, null)]).toEqual([3, false]);
    expect(settings.logged.map(({ key }) => key)).toEqual(['wall.height', 'wall.mortar']);
  });

  test('are read again where notices were missed', async () => {
    const settings = await open();
    settings.table.push(set('wall.height', 6));
    settings.miss();
    await expect.poll(() => settings.get(height)).toBe(6);
  });

  test('ignore what no module declares any more', async () => {
    const settings = await open([set('wall.colour', 'red')]);
    expect([settings.find('wall.colour'), settings.logged]).toEqual([null, []]);
  });

  test('refuse to start with a key that two modules declare', async () => {
    await expect(open([], [height, { ...height }])).rejects.toThrow(/wall\.height/);
  });
});
