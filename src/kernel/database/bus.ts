import { sql } from 'drizzle-orm';

import { prepared, type Slots } from './prepared.ts';

export const notifyBus = prepared(
  'kernel.notify-bus',
  (_db, value: Slots<{ readonly channel: string; readonly packet: string }>) =>
    sql`select pg_notify(${value.channel}, ${value.packet})`,
);
