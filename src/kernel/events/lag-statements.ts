import { sql } from 'drizzle-orm';

import { prepared } from '../database/prepared.ts';

export type EventLag = { readonly subscription: string; readonly seconds: number };

/** The subscription that is most behind, of those that are not paused; no row: none is. */
export const findEventLag = prepared(
  'kernel.find-event-lag',
  () => sql<EventLag>`
    select s.name as subscription, extract(epoch from clock_timestamp() - u.created_at)::float8 as seconds
    from kernel.subscriptions s cross join lateral (
      select e.created_at from kernel.events e
      where e.name = s.event and (e.xid, e.seq) > (s.xid, s.seq) order by e.xid, e.seq limit 1) u
    where s.paused_at is null
    order by u.created_at limit 1`,
);
