import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../prepared.ts';

/** Whatever is done twice stands there twice. */
export const effectsTable =
  'create table if not exists public.effects (n int, at timestamptz default clock_timestamp())';

export const addEffect = prepared(
  'test.add-effect',
  (_db, value: Slots<{ readonly n: number }>) => sql`insert into public.effects (n) values (${value.n})`,
);
