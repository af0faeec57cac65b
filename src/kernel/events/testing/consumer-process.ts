import { setTimeout as delay } from 'node:timers/promises';

import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { eventSubscriber } from '#kernel/usecase.ts';
import { effectEvent, effectOperation } from './effect-event.ts';
import { openEventApp } from './open-event-app.ts';

const makeEffect = prepared(
  'test.make-event-effect',
  (_db, value: Slots<{ eventId: string; key: string; n: number }>) => sql`
    insert into public.effects (event_id, key, n) values (${value.eventId}::uuid, ${value.key}, ${value.n}::int)`,
);

/** Events whose effect is one row, made in the handler's transaction; one in ten fails at first. Somebody kills this process meanwhile. */
const [url = ''] = process.argv.slice(2);
const app = await openEventApp(url);
const consumer = app.consume([
  eventSubscriber({
    operationId: effectOperation,
    event: effectEvent,
    startAt: 'start',
    retry: { attempts: 1_000, baseDelaySeconds: 0.01 },
    async execute(ctx, { n, key }) {
      await delay(Math.random() * 5, null, { signal: ctx.signal });
      if (n % 10 === 0 && ctx.attempt === 1) throw new Error('fails at first');
      await ctx.transaction((tx) => makeEffect(tx, { eventId: ctx.eventId, key, n }));
    },
  }),
]);
process.send?.(consumer.processId);
