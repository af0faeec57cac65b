import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { test } from '#test/app.ts';

const dayMs = 86_400_000;

describe('what the platform keeps for a time', () => {
  test('a sensitive mail that was not sent is erased after 7 days, every mail is gone after 90', async ({
    app,
    sql,
  }) => {
    const insert = async (daysAgo: number): Promise<string> => {
      const id = newId();
      const createdAt = new Date(app.clock.now().getTime() - daysAgo * dayMs - 1000);
      await sql`
        insert into platform.mails (id, unique_key, template, locale, recipient, is_sensitive, sealed, state, created_at)
        values (${id}, ${id}, 'a.b', 'en', 'you@example.com', true, '\\x01', 'failed', ${createdAt})`;
      return id;
    };
    const [young, old, oldest] = [await insert(6), await insert(7), await insert(90)];
    await app.kernel.retention.dropExpired(new AbortController().signal);

    const rows = await sql`select id, sealed is null as erased from platform.mails where recipient = 'you@example.com'`;
    expect(new Map(rows.map(({ id, erased }) => [id, erased]))).toEqual(
      new Map([
        [young, false],
        [old, true],
      ]),
    );
    expect(rows.map(({ id }) => id)).not.toContain(oldest);
  });

  test('people who acted are forgotten after 8 days', async ({ app, sql }) => {
    const actor = newId();
    const day = (daysAgo: number) => new Date(app.clock.now().getTime() - daysAgo * dayMs).toISOString().slice(0, 10);
    for (const daysAgo of [8, 9]) await sql`insert into platform.daily_active values (${day(daysAgo)}, ${actor})`;
    await app.kernel.retention.dropExpired(new AbortController().signal);
    const rows = await sql`select day::text from platform.daily_active where actor_id = ${actor}`;
    expect(rows).toEqual([{ day: day(8) }]);
  });
});
