import { sql } from 'drizzle-orm';

import { prepared, type Slots } from './prepared.ts';

type Reserve = { key: string; interval: number; capacity: number };
type Reserved = { readonly is_allowed: boolean; readonly debt: number; readonly charged: number };

/**
 * Charges one, in one statement, by the clock of PostgreSQL: the row's lock puts the processes in order. Seconds.
 * `charged` is the new time as seconds since 1970. No row: refused, and the row that refused was not there when the
 * statement began.
 */
export const reserveRate = prepared('kernel.reserve-rate', (_db, value: Slots<Reserve>) => {
  const interval = sql`make_interval(secs => ${value.interval}::float8)`;
  return sql<Reserved>`
    with moment as materialized (select clock_timestamp() as now),
    charged as (
      insert into kernel.rate_limits as limits (key, tat)
      select ${value.key}, now + ${interval} from moment
      on conflict (key) do update
         set tat = greatest(limits.tat + ${interval}, excluded.tat)
       where limits.tat + ${interval} <= excluded.tat - ${interval} + make_interval(secs => ${value.capacity}::float8)
      returning tat
    )
    select true as is_allowed, ${seconds(sql`tat - now`)} as debt, ${seconds(sql`tat`)} as charged
      from charged, moment
    union all
    select false, ${seconds(sql`tat - now`)}, ${seconds(sql`tat`)}
      from kernel.rate_limits, moment
     where key = ${value.key} and not exists (select from charged)`;
});

const seconds = (time: ReturnType<typeof sql>) => sql`extract(epoch from ${time})::float8`;

/** Takes a charge back, as far as time has not done so; `charged` as it was answered. */
export const refundRate = prepared(
  'kernel.refund-rate',
  (_db, value: Slots<{ key: string; interval: number; charged: number }>) => sql`
    update kernel.rate_limits
       set tat = tat - make_interval(secs => least(${value.interval}::float8,
             greatest(0, ${value.charged}::float8 - extract(epoch from clock_timestamp())::float8)))
     where key = ${value.key}`,
);

export const clearRate = prepared(
  'kernel.clear-rate',
  (_db, value: Slots<{ key: string }>) => sql`delete from kernel.rate_limits where key = ${value.key}`,
);

/** Rows that are paid off are as good as none. A part at a time, and none that somebody holds. */
export const sweepRates = prepared(
  'kernel.sweep-rates',
  () => sql`
    delete from kernel.rate_limits where key in (
      select key from kernel.rate_limits where tat < clock_timestamp() limit 10000 for update skip locked)`,
);
