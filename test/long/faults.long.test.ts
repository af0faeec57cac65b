import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect } from 'vitest';

import { openProxy } from '#kernel/database/testing/open-proxy.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { openOwner } from '../e2e/database.ts';
import { createSuperuser, getMe, isReady, type Running, signIn, test as ownDatabase, until } from '../e2e/program.ts';
import { test } from './external.ts';
import { expectWhole, startLoad } from './load.ts';

const launcher = join(import.meta.dirname, '..', '..', 'ashlar');

test('a full log volume stops nobody', { timeout: 120_000 }, async ({ place, external: { env } }) => {
  await createSuperuser(place, 'root', env);
  const port = await freePort();
  const full = openSync('/dev/full', 'w');
  const program = spawn(launcher, ['run-all-in-one'], {
    cwd: tmpdir(),
    env: { ...place.env, ...env, ASHLAR_HTTP__PORT: String(port), ASHLAR_LOGGER__LEVEL: 'trace' },
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  let said = '';
  program.stderr?.on('data', (bytes: Buffer) => (said += bytes.toString()));
  const url = `http://127.0.0.1:${port}`;
  try {
    await until(
      () => isReady(url)().catch(() => ({ status: 0 })),
      ({ status }) => status === 200,
      60_000,
    );
    const { accessToken } = await signIn(url);
    for (let count = 0; count < 500; count += 1) expect((await getMe(url, accessToken)).status).toBe(200);
  } finally {
    program.kill('SIGTERM');
  }
  const [code] = await once(program, 'exit');
  expect(code).toBe(0);
  expect(said).toContain('ENOSPC');
});

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

/** Mounting needs rights that not every machine gives; the mount is this test's alone. */
const canMount = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;

ownDatabase.skipIf(!canMount)(
  'a full data volume loses nothing that was acknowledged, and everything goes on once there is room',
  { timeout: 300_000 },
  async ({ place }) => {
    const { dataDirectory } = place;
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=400m,mode=755', 'tmpfs', dataDirectory]).status).toBe(0);
    try {
      const server = await place.start(['run-all-in-one'], { env: { ASHLAR_RATE_LIMIT__FACTOR: '1000000' } });
      await createSuperuser(place);
      const { accessToken } = await signIn(server.url);
      const load = startLoad({ url: () => server.url, accessToken, clients: 4 });
      await load.more(20);
      fill(join(dataDirectory, 'ballast'));
      await untilStuck(load.acknowledged);
      expect(() => process.kill(server.pid, 0)).not.toThrow();

      await rm(join(dataDirectory, 'ballast'));
      await until(isReady(server.url), ({ status }) => status === 200, 60_000);
      await load.more(20);
      await load.stop();
      const owner = await openOwner(place);
      await expectWhole({ ...load, odd: load.odd.filter((answer) => !answer.startsWith('500')) }, owner);
      await owner.end();
      server.kill('SIGTERM');
      expect(await server.exited).toEqual({ code: 0, signal: null });
    } finally {
      spawnSync('umount', ['-l', dataDirectory]);
    }
  },
);

/** Takes what room there is. */
const fill = (path: string): void => {
  const file = openSync(path, 'w');
  try {
    for (;;) writeSync(file, Buffer.alloc(65_536));
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'ENOSPC' });
  } finally {
    closeSync(file);
  }
};

/** For two seconds nothing was acknowledged. */
const untilStuck = async (acknowledged: readonly string[]): Promise<void> => {
  let [count, since] = [acknowledged.length, performance.now()];
  const deadline = since + 120_000;
  while (performance.now() - since < 2_000) {
    if (performance.now() > deadline) throw new Error('the volume is full, and writes go on');
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (acknowledged.length > count) [count, since] = [acknowledged.length, performance.now()];
  }
};

test('a database far away makes it slow, not wrong', { timeout: 120_000 }, async ({ place, external }) => {
  const proxy = await openProxy(external.url);
  const env = { ...external.env, ASHLAR_DATABASE__URL: proxy.url };
  const server = await place.start(['run-all-in-one'], { env });
  await createSuperuser(place, 'root', external.env);
  proxy.delay(150);
  const { accessToken } = await signIn(server.url);
  const load = startLoad({ url: () => server.url, accessToken, clients: 8 });
  await load.more(50);
  expect((await isReady(server.url)()).status).toBe(200);
  proxy.freeze();
  await until(isReady(server.url), ({ status }) => status === 503, 1_500);
  proxy.restore();
  await until(isReady(server.url), ({ status }) => status === 200, 40_000);
  await load.more(50);
  await load.stop();
  const session = await openSession({ url: external.env['ASHLAR_DATABASE__OWNER_URL'] ?? '', name: 'test' });
  await expectWhole(load, session.sql);
  await session.close();
  server.kill('SIGTERM');
  expect(await server.exited).toEqual({ code: 0, signal: null });
  await proxy.close();
});

test(
  '400 clients that send a byte a second keep nobody else waiting',
  { timeout: 120_000 },
  async ({ place, external: { env } }) => {
    const server = await place.start(['run-all-in-one'], { env });
    await createSuperuser(place, 'root', env);
    const { accessToken } = await signIn(server.url);
    const slow = Array.from({ length: 400 }, () => openSlowSocket(server));
    await until(
      async () => slow.filter(({ isOpen }) => isOpen()).length,
      (open) => open === 400,
    );
    for (let count = 0; count < 200; count += 1) {
      const askedAt = performance.now();
      expect((await getMe(server.url, accessToken)).status).toBe(200);
      expect(performance.now() - askedAt).toBeLessThan(1_000);
    }
    await until(
      async () => slow.filter(({ isOpen }) => isOpen()).length,
      (open) => open === 0,
      40_000,
    );
  },
);

const openSlowSocket = ({ url }: Running) => {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let isOpen = false;
  const drip = setInterval(() => socket.write('x'), 1000);
  socket.on('connect', () => {
    isOpen = true;
    socket.write('GET /api/v1/auth/me HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ');
  });
  socket.on('error', () => undefined).resume();
  socket.on('close', () => {
    clearInterval(drip);
    isOpen = false;
  });
  return { isOpen: () => isOpen };
};

/** Few, so that even a busy machine can ask ten times as often. */
const limit = {
  ASHLAR_RATE_LIMIT__FACTOR: '1',
  ASHLAR_RATE_LIMIT__ACTOR__PER_SECOND: '5',
  ASHLAR_RATE_LIMIT__ACTOR__BURST: '30',
};
const floodMs = 5_000;

test(
  'who asks ten times too often is refused within 100 ms, and others are answered',
  { timeout: 120_000 },
  async ({ place, external }) => {
    const server = await place.start(['run-all-in-one'], { env: { ...external.env, ...limit } });
    await createSuperuser(place, 'root', external.env);
    await createSuperuser(place, 'other', external.env);
    const { accessToken } = await signIn(server.url);
    const other = await signIn(server.url, 'other');
    const statuses: number[] = [];
    const endsAt = performance.now() + floodMs;
    const greedy = async () => {
      while (performance.now() < endsAt) statuses.push((await getMe(server.url, accessToken)).status);
    };
    const modest = async () => {
      while (performance.now() < endsAt) {
        expect((await getMe(server.url, other.accessToken)).status).toBe(200);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    };
    await Promise.all([modest(), ...Array.from({ length: 8 }, greedy)]);
    server.kill('SIGTERM');
    await server.exited;

    expect(new Set(statuses)).toEqual(new Set([200, 429]));
    const allowed = statuses.filter((status) => status === 200).length;
    expect(statuses.length - allowed).toBeGreaterThan((10 * 5 * floodMs) / 1000);
    expect(allowed).toBeLessThan(30 + (5 * 2 * floodMs) / 1000);
    // As the program saw them itself: what the clients of a busy machine wait for is their own turn.
    const refused = [...server.output().matchAll(/"ms":([\d.]+),"status":429|"status":429,"ms":([\d.]+)/g)];
    const slowest = refused.map(([, a, b]) => Number(a ?? b)).toSorted((a, b) => b - a);
    expect(refused.length).toBe(statuses.length - allowed);
    // One of a hundred may meet a machine that does something else.
    expect(slowest[Math.floor(refused.length / 100)]).toBeLessThan(100);
  },
);
