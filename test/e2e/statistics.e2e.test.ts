import { expect, onTestFinished } from 'vitest';

import { openOwner } from './database.ts';
import { createSuperuser, getMe, signIn, test } from './program.ts';

test('what a process counted in its last minute is written when it stops', { timeout: 120_000 }, async ({ place }) => {
  const first = await place.start(['run-all-in-one']);
  await createSuperuser(place);
  const { accessToken } = await signIn(first.url);
  for (let count = 0; count < 20; count += 1) expect((await getMe(first.url, accessToken)).status).toBe(200);
  first.kill('SIGTERM');
  expect(await first.exited).toMatchObject({ code: 0 });

  await place.start(['run-all-in-one']);
  const sql = await openOwner(place);
  onTestFinished(() => sql.end());
  const [counted] = await sql`
    select sum(requests)::int as requests, sum(errors)::int as errors, sum(latency_ms) > 0 as has_latency
      from platform.stat_minutes`;
  expect(counted).toEqual({ requests: 21, errors: 0, has_latency: true });
  expect(await sql`select from platform.daily_active`).toHaveLength(1);
});
