import { expect } from 'vitest';

import { openSession } from '#kernel/database/open-session.ts';
import { test } from '#test/database.ts';

test('numbers of a restored cluster go on above those that were restored, also in prepared statements', async ({
  sql,
}) => {
  const ask = () => sql`select kernel.current_xid() as now, kernel.oldest_xid() as oldest, kernel.next_xid() as next`;
  const [before] = await ask();
  await sql`select kernel.set_xid_offset(5000000000000)`;
  const [after] = await ask();
  await sql`select kernel.set_xid_offset(0)`;

  expect(Number(before?.['now'])).toBeLessThan(5_000_000_000_000);
  expect(Number(after?.['oldest'])).toBeGreaterThan(5_000_000_000_000);
  expect(Number(after?.['now'])).toBeGreaterThanOrEqual(Number(after?.['oldest']));
  expect(Number(after?.['next'])).toBeGreaterThan(Number(after?.['now']));
});

test('the role that runs the program cannot change the offset', async ({ databaseUrl }) => {
  const session = await openSession({ url: databaseUrl, name: 'test' });
  await expect(session.sql`select kernel.set_xid_offset(1)`).rejects.toThrow('permission denied');
  await session.close();
});
