import { describe, expect } from 'vitest';
import { z } from 'zod';

import { openRedisServer, redis } from '#test/redis.ts';
import { createSuperuser, getMe, signIn, test as base } from './program.ts';

const test = base.extend('server', async ({}, { onCleanup }) => {
  const server = await openRedisServer();
  onCleanup(() => server.close());
  return server;
});

const answer = z.object({ status: z.string(), checks: z.record(z.string(), z.string()) });

const readiness = async (url: string) => {
  const response = await fetch(`${url}/ready`);
  const { status, checks } = answer.parse(await response.json());
  return { code: response.status, status, redis: checks['redis'] };
};

describe.skipIf(redis.isMissing)(redis.title, () => {
  test(
    'lost and found again: degraded, with 200, and nobody who asks notices',
    { timeout: 120_000 },
    async ({ place, server }) => {
      const shipped = { env: { ASHLAR_REDIS__URL: server.url, ASHLAR_RATE_LIMIT__FACTOR: '1' } };
      const { url, output } = await place.start(['run-all-in-one'], shipped);
      await createSuperuser(place);
      const { accessToken } = await signIn(url);
      const works = async () => (await getMe(url, (await signIn(url)).accessToken)).status;
      expect(await readiness(url)).toEqual({ code: 200, status: 'ok', redis: 'ok' });
      expect(await works()).toBe(200);

      await server.kill();
      const look = { timeout: 5_000, interval: 100 };
      await expect.poll(() => readiness(url), look).toEqual({ code: 200, status: 'degraded', redis: 'degraded' });
      expect(await works()).toBe(200);
      expect((await getMe(url, accessToken)).status).toBe(200);

      await server.restart();
      await expect.poll(() => readiness(url), look).toEqual({ code: 200, status: 'ok', redis: 'ok' });
      expect(await works()).toBe(200);

      server.freeze();
      expect(await works()).toBe(200);
      server.thaw();
      expect(output()).not.toContain('"level":"error"');
    },
  );
});

base('without Redis it is not spoken of', async ({ place }) => {
  const { url } = await place.start(['run-platform-http']);
  expect(await readiness(url)).toEqual({ code: 200, status: 'ok', redis: undefined });
});
