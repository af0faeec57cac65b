import { expect } from 'vitest';

import { Inbox } from '#kernel/feed/inbox.ts';
import { createAbsentPresence } from '#kernel/presence/absent-presence.ts';
import { openPresence } from '#kernel/presence/open-presence.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import type { Bus, BusDriver } from './bus.ts';
import { openBus } from './open-bus.ts';

const observer = { metrics: noMetrics, telemetry: noTelemetry };

const test = base.extend('start', async ({ databaseUrl, database }, { onCleanup }) => {
  const closes: (() => Promise<void>)[] = [];
  onCleanup(async () => {
    for (const close of closes) await close();
  });
  /** A process of its own for all that PostgreSQL knows. */
  return async (driver: BusDriver = 'auto') => {
    const log = buildLog();
    const inbox = new Inbox({ windowSeconds: 60, log });
    const identity = { isPooled: false, role: 'test', release: 'test' };
    const presence = await openPresence({ url: databaseUrl, ...identity, inbox, observer, log });
    const sent: string[] = [];
    const lanes = new Proxy(database.lanes, {
      get: (target, name) => {
        if (name === 'runStatement') sent.push('statement');
        return Reflect.get(target, name);
      },
    });
    const bus = openBus({ driver, presence, database: { lanes }, redis: null, log });
    // LISTEN went before it over the same connection.
    await new Promise<void>((resolve) => presence.onPulse(() => resolve()));
    closes.push(async () => {
      await bus.close();
      await presence.close();
    });
    return { bus, presence, sent };
  };
});

const hear = (bus: Bus, topic = 'test.topic') => {
  const heard: string[] = [];
  bus.listen(topic, (message) => heard.push(message));
  return heard;
};

test('alone, tells itself and sends nothing', async ({ start }) => {
  const { bus, presence, sent } = await start();
  await expect.poll(() => presence.processes).toBe(1);
  const heard = hear(bus);
  bus.publish('test.topic', 'hello');
  bus.publish('test.other', 'nobody');
  expect(heard).toEqual([]);
  await bus.close();
  expect(heard).toEqual(['hello']);
  expect(sent).toEqual([]);
});

test('with another process alive, tells it too, many messages at once', async ({ start }) => {
  const one = await start();
  const other = await start();
  await expect.poll(() => one.presence.processes).toBe(2);
  const [near, far] = [hear(one.bus), hear(other.bus)];
  const messages = Array.from({ length: 100 }, (_, n) => `"${n}" \\ ü 🙂\n`);
  for (const message of messages) one.bus.publish('test.topic', message);
  await expect.poll(() => far).toEqual(messages);
  expect(near).toEqual(messages);
  expect(one.sent).toHaveLength(1);
});

test('carries 7 KB, refuses more and what PostgreSQL refuses', async ({ start }) => {
  const one = await start('postgres');
  const other = await start('postgres');
  const heard = hear(other.bus);
  const largest = '"'.repeat(7_168);
  one.bus.publish('test.topic', largest);
  await expect.poll(() => heard).toEqual([largest]);
  for (const message of [`${largest}x`, 'a\0b', '\ud800']) {
    expect(() => one.bus.publish('test.topic', message)).toThrow('INPUT_INVALID');
  }
  expect(() => one.bus.publish('no topic', '')).toThrow('INPUT_INVALID');
});

test('with the driver memory nobody else is told', async ({ start }) => {
  const one = await start('memory');
  const other = await start('postgres');
  await expect.poll(() => one.presence.processes).toBeGreaterThan(1);
  const heard = hear(other.bus);
  one.bus.publish('test.topic', 'unheard');
  await one.bus.close();
  expect(one.sent).toEqual([]);
  other.bus.publish('test.topic', 'heard');
  await expect.poll(() => heard).toEqual(['heard']);
});

test('a one-off command tells those who run', async ({ start, database }) => {
  const { bus } = await start();
  const heard = hear(bus);
  const command = openBus({
    driver: 'auto',
    presence: createAbsentPresence(),
    database,
    redis: null,
    log: buildLog(),
  });
  command.publish('test.topic', 'from a command');
  await command.close();
  await expect.poll(() => heard).toEqual(['from a command']);
});

test('a listener that throws keeps no other from its message, and one that stopped is told nothing', async ({
  start,
}) => {
  const { bus } = await start('memory');
  bus.listen('test.topic', () => {
    throw new Error('mine');
  });
  const stopped: string[] = [];
  bus.listen('test.topic', (message) => stopped.push(message))();
  const heard = hear(bus);
  bus.publish('test.topic', 'one');
  await bus.close();
  expect(heard).toEqual(['one']);
  expect(stopped).toEqual([]);
});
