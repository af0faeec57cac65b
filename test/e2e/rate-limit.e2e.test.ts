import { expect } from 'vitest';

import { createSuperuser, post, test } from './program.ts';

const shipped = { env: { ASHLAR_RATE_LIMIT__FACTOR: '1' } };

test(
  'one address may sign in 30 times a minute, counted over all processes and over a restart',
  { timeout: 120_000 },
  async ({ place }) => {
    const [one, two] = await Promise.all([
      place.start(['run-all-in-one'], shipped),
      place.start(['run-auth-http'], shipped),
    ]);
    await createSuperuser(place);
    const guess = (url: string) =>
      post(`${url}/api/v1/auth/admin-login`, { username: 'root', password: 'not the right one' });
    const startedAt = performance.now();

    const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => guess(index % 2 ? one.url : two.url)));

    const limited = answers.filter(({ status }) => status === 429);
    const seconds = (performance.now() - startedAt) / 1000;
    expect(limited.length).toBeGreaterThanOrEqual(30 - Math.ceil(seconds / 2));
    expect(limited.every(({ headers }) => Number(headers.get('retry-after')) >= 1)).toBe(true);
    expect(limited[0]?.headers.get('ratelimit-policy')).toBe('"auth.admin-login";q=30;w=60');

    one.kill('SIGTERM');
    await one.exited;
    const again = await place.start(['run-all-in-one'], shipped);
    expect(await statusesUntilLimited(() => guess(again.url))).toContain(429);
  },
);

/** A few seconds have given back one or two, by no means half. */
const statusesUntilLimited = async (ask: () => Promise<Response>): Promise<readonly number[]> => {
  const statuses: number[] = [];
  while (statuses.length < 15 && statuses.at(-1) !== 429) statuses.push((await ask()).status);
  return statuses;
};
