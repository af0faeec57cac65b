import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import { openDatabase } from '#kernel/database/open-database.ts';
import { type EventConsumer, openEventConsumer } from '#kernel/events/consumer.ts';
import { createEventMetrics } from '#kernel/events/event-metrics.ts';
import { createEvents, type PublishOptions } from '#kernel/events/events.ts';
import { newId } from '#kernel/ids.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { startPresence } from '#kernel/presence/open-presence.ts';
import { createRunner } from '#kernel/run.ts';
import { type EventContract, type EventCtx, type EventSubscriber, eventSubscriber } from '#kernel/usecase.ts';
import { buildLog, buildTelemetry } from '#test/build.ts';

const loose = z.record(z.string(), z.unknown());
type Payload = z.output<typeof loose>;
type Head = Partial<Omit<EventSubscriber<typeof loose>, 'type' | 'execute'>>;

/** A consumer that is a process of its own for all that PostgreSQL knows. */
type TestConsumer = EventConsumer & { readonly processId: string };

/** Everything that events need and no more: a database, a runner, and as many consumers as a test opens. */
export const openEventApp = async (url: string) => {
  const lines: Record<string, unknown>[] = [];
  const log = buildLog(lines);
  const metrics = createMetrics();
  const telemetry = await buildTelemetry(log);
  const database = await openDatabase({ url, log, metrics, telemetry, transactions: 20 });
  const hooks = { see: () => undefined, record: () => undefined, alert: () => undefined, audit: () => undefined };
  const runner = createRunner({ database, log, metrics, telemetry, hooks });
  const events = createEvents(database, log);
  const eventMetrics = createEventMetrics(metrics);
  const open = new Set<TestConsumer>();

  const consume = (heads: readonly EventSubscriber[]): TestConsumer => {
    const observer = { metrics, telemetry };
    const inbox = new Inbox({ windowSeconds: 60, log });
    const presence = startPresence({ url, isPooled: false, role: 'test', release: 'test', inbox, observer, log });
    const consumer = openEventConsumer({
      presence,
      url,
      subscribers: heads.map((usecase) => ({ module: 'test', usecase })),
      runner,
      wakes: events.wakes,
      log,
      observer,
      metrics: eventMetrics,
      now: () => new Date(),
    });
    const opened: TestConsumer = {
      processId: presence.processId,
      get subscriptions() {
        return consumer.subscriptions;
      },
      close: async (deadline) => {
        open.delete(opened);
        await consumer.close(deadline);
        await presence.close();
      },
    };
    open.add(opened);
    return opened;
  };

  return {
    database,
    events,
    metrics,
    lines,
    consume,
    publish: (contract: EventContract<typeof loose>, payload: Payload = {}, options: PublishOptions = {}) =>
      database.transaction((tx) => events.publish(tx, contract, payload, options)),
    close: async () => {
      for (const consumer of open) await consumer.close({ deadlineSeconds: 6 });
      await events.close();
      await database.close();
    },
  };
};

/** An event that nobody else publishes. */
export const buildContract = (): EventContract<typeof loose> => ({ name: `test.${newId()}`, payload: loose });

/** A subscriber of the module `test`, under a name of its own. */
export const buildSubscriber = (
  event: EventContract<typeof loose>,
  execute: (ctx: EventCtx, payload: Payload) => Promise<void>,
  head: Head = {},
) => eventSubscriber({ operationId: `subscriber-${newId()}`, event, startAt: 'start', ...head, execute });

export const nameOf = ({ operationId }: Pick<EventSubscriber, 'operationId'>): string => `test.${operationId}`;

type Database = Awaited<ReturnType<typeof openDatabase>>;
type Held = { finish(): Promise<void> };

/** Runs fn in a transaction that ends only when `finish` is called; answers when fn has run. */
export const holdTransaction = (database: Database, fn: (tx: Tx) => Promise<void>): Promise<Held> =>
  hold(database, { before: fn, after: () => Promise.resolve() });

/** A transaction that has its number now, and runs fn when `finish` is called. */
export const openLate = (database: Database, fn: (tx: Tx) => Promise<void>): Promise<Held> =>
  hold(database, { before: async (tx) => void (await tx.execute('select pg_current_xact_id()')), after: fn });

type Work = { before(tx: Tx): Promise<void>; after(tx: Tx): Promise<void> };

const hold = async (database: Database, { before, after }: Work): Promise<Held> => {
  const ready = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const work = database.transaction(async (tx) => {
    await before(tx);
    ready.resolve();
    await gate.promise;
    await after(tx);
  });
  await Promise.race([ready.promise, work]);
  return {
    finish: async () => {
      gate.resolve();
      await work;
    },
  };
};
