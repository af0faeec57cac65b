import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { z } from 'zod';

import { migrateUp } from '../../../src/kernel/database/migrate/migrate-up.ts';
import { openDatabase } from '../../../src/kernel/database/open-database.ts';
import { prepared, type Slots } from '../../../src/kernel/database/prepared.ts';
import { openEventConsumer } from '../../../src/kernel/events/consumer.ts';
import { createEventMetrics } from '../../../src/kernel/events/event-metrics.ts';
import { createEvents } from '../../../src/kernel/events/events.ts';
import { Inbox } from '../../../src/kernel/feed/inbox.ts';
import { createMetrics } from '../../../src/kernel/observability/create-metrics.ts';
import { openLogger } from '../../../src/kernel/observability/logger.ts';
import { openTelemetry } from '../../../src/kernel/observability/open-telemetry.ts';
import { openPresence } from '../../../src/kernel/presence/open-presence.ts';
import { createRunner } from '../../../src/kernel/run.ts';
import { eventSubscriber } from '../../../src/kernel/usecase.ts';
import type { OpenQueue } from './queue.ts';

const directory = join(import.meta.dirname, '../../../migrations');
const contract = { name: 'bench.happened', payload: z.object({ n: z.int() }) };
const identity = { release: 'bench', role: 'bench' };

const insertEffect = prepared(
  'bench.insert-effect',
  (_db, value: Slots<{ n: number }>) => sql`insert into effects (n) values (${value.n}::int)`,
);

/** Events with a handler that inserts one row, in the transaction that notes the event as handled. */
export const openAshlarEvents: OpenQueue = async (url) => {
  const output = join(process.env['BENCH_DIRECTORY'] ?? '.', `events-${process.pid}.log`);
  const rotation = { sizeMegabytes: 1000, frequency: 'daily', keep: 1 } as const;
  const logger = await openLogger({ level: 'info', format: 'json', output, rotation, ...identity });
  const { log } = logger;
  await migrateUp({ ownerUrl: url, directory, log });
  const metrics = createMetrics();
  const untraced = { otlpEndpoint: null, headers: {}, sampleRatio: 1, serviceName: 'bench' };
  const telemetry = await openTelemetry({ ...untraced, ...identity, log });
  const database = await openDatabase({ url, log, metrics, telemetry, transactions: 16 });
  await database.transaction((tx) => tx.execute(sql`create table effects (n int not null)`));
  const hooks = { see: () => undefined, record: () => undefined, alert: () => undefined, audit: () => undefined };
  const events = createEvents(database, log);
  let stop: () => Promise<void> = () => Promise.resolve();
  return {
    enqueueMany: (count) =>
      database.transaction(async (tx) => {
        for (let n = 0; n < count; n += 1) await events.publish(tx, contract, { n });
      }),
    enqueue: () => database.transaction((tx) => events.publish(tx, contract, { n: 0 })),
    work: async (onRun) => {
      const observer = { metrics, telemetry };
      const inbox = new Inbox({ windowSeconds: 60, log });
      const presence = await openPresence({ ...identity, url, isPooled: false, inbox, observer, log });
      const usecase = eventSubscriber({
        operationId: 'make-effect',
        event: contract,
        startAt: 'start',
        execute: async (ctx, { n }) => {
          await ctx.transaction((tx) => insertEffect(tx, { n }));
          onRun();
        },
      });
      const consumer = openEventConsumer({
        presence,
        url,
        subscribers: [{ module: 'bench', usecase }],
        runner: createRunner({ database, log, metrics, telemetry, hooks }),
        wakes: events.wakes,
        log,
        observer,
        metrics: createEventMetrics(metrics),
        now: () => new Date(),
      });
      stop = async () => {
        await consumer.close({ deadlineSeconds: 10 });
        await presence.close();
      };
    },
    close: async () => {
      await stop();
      await events.close();
      await database.close();
      await logger.close();
    },
  };
};
