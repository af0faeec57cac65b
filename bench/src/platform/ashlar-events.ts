import { sql } from 'drizzle-orm';
import { z } from 'zod';

import { prepared, type Slots } from '../../../src/kernel/database/prepared.ts';
import { openEventConsumer } from '../../../src/kernel/events/consumer.ts';
import { createEventMetrics } from '../../../src/kernel/events/event-metrics.ts';
import { createEvents } from '../../../src/kernel/events/events.ts';
import { eventSubscriber } from '../../../src/kernel/usecase.ts';
import { openGround } from './ashlar-ground.ts';
import { createEffects, type OpenEvents } from './events.ts';

const contract = { name: 'bench.happened', payload: z.object({ n: z.int() }) };

const insertEffect = prepared(
  'bench.insert-effect',
  (_db, value: Slots<{ n: number }>) => sql`insert into public.effects (n) values (${value.n}::int)`,
);
const countEffects = prepared(
  'bench.count-effects',
  () => sql<{ count: number }>`select count(*)::int as count from public.effects`,
);

/** As the program runs it. The row and the note that the event is handled are one transaction: its effect happens once. */
export const openAshlarEvents: OpenEvents = async (url) => {
  const ground = await openGround(url, { transactions: 16 });
  const { database, log, metrics, observer, runner } = ground;
  await database.transaction((tx) => tx.execute(createEffects));
  const events = createEvents(database, log);
  return {
    publish: (first, count) =>
      database.transaction(async (tx) => {
        for (let n = first; n < first + count; n += 1) await events.publish(tx, contract, { n });
      }),
    handle: async ({ onStart, onEnd }) => {
      const subscriber = eventSubscriber({
        operationId: 'insert-effect',
        event: contract,
        startAt: 'start',
        execute: async (ctx, { n }) => {
          onStart();
          await ctx.transaction((tx) => insertEffect(tx, { n }));
          onEnd();
        },
      });
      openEventConsumer({
        presence: await ground.openPresence(),
        url,
        subscribers: [{ module: 'bench', usecase: subscriber }],
        runner,
        wakes: events.wakes,
        log,
        observer,
        metrics: createEventMetrics(metrics),
        now: () => new Date(),
      });
    },
    countRows: async () => (await countEffects(database.lanes))[0]?.count ?? 0,
  };
};
