import { eq } from 'drizzle-orm';
import { pgSchema } from 'drizzle-orm/pg-core';
import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { test } from '#test/database.ts';

import { createdAt, id, instant, isoText } from './columns.ts';

const clock = pgSchema('clock');
const ticks = clock.table('ticks', { id: id(), at: instant(), createdAt: createdAt() });

describe('an instant', () => {
  test('comes back as the Date that was written, in every time zone, and finds its row again', async ({
    database,
    sql: owner,
  }) => {
    await owner.unsafe(
      'create schema clock; create table clock.ticks (id uuid primary key, at timestamptz(3), created_at timestamptz(3) not null default now())',
    );
    const tick = { id: newId(), at: new Date('2026-03-29T01:30:00.123Z') };
    const [row] = await database.transaction((tx) => tx.insert(ticks).values(tick).returning());
    expect(row?.at).toEqual(tick.at);
    const { createdAt: at } = row ?? { createdAt: new Date(0) };
    expect(await database.lanes.select().from(ticks).where(eq(ticks.createdAt, at))).toEqual([row]);
    const [listed] = await database.lanes
      .select({ at: isoText(ticks.at) })
      .from(ticks)
      .where(eq(ticks.id, tick.id));
    expect(listed).toEqual({ at: '2026-03-29T01:30:00.123Z' });
  });
});
