import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '../database/prepared.ts';

export type NewEvent = {
  readonly id: string;
  readonly name: string;
  readonly key: string | null;
  readonly payload: string;
  readonly traceparent: string | null;
};

/** Transaction, order and reach are filled in by the table. */
export const insertEvent = prepared(
  'kernel.insert-event',
  (_db, value: Slots<NewEvent>) => sql`
    insert into kernel.events (id, name, key, payload, traceparent)
    values (${value.id}::uuid, ${value.name}, ${value.key}::text, ${value.payload}::text::json, ${value.traceparent}::text)`,
);
