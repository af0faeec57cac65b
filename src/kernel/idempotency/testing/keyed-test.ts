import { effectsTable } from '../../database/testing/effects.ts';
import { test as base } from '#test/database.ts';
import type { Way } from './effects.ts';
import { type Name, openKeyedApp } from './open-keyed-app.ts';

type App = Awaited<ReturnType<typeof openKeyedApp>>;
type Ask = { readonly how?: Way; readonly key?: string | null; readonly as?: Name; readonly note?: string };

/** Numbers and keys of a test's own; far from those that `repeatRequests` counts from 1. */
let lastNumber = 1_000_000;
export const next = () => (lastNumber += 1);

export const test = base
  .extend('effects', { scope: 'file' }, async ({ sql, databaseUrl }) => {
    await sql.unsafe(effectsTable);
    await sql.unsafe(`grant all on public.effects to ${new URL(databaseUrl).username}`);
    return {
      count: async (n: number) => Number((await sql`select count(*) from public.effects where n = ${n}`)[0]?.['count']),
      /** Also of other tests of the file. */
      list: async () => (await sql<{ n: number }[]>`select n from public.effects`).map((row) => row.n),
    };
  })
  .extend('open', async ({ databaseUrl, effects: _effects }, { onCleanup }) => {
    const apps: App[] = [];
    onCleanup(async () => {
      for (const app of apps) await app.close();
    });
    return async (options: Parameters<typeof openKeyedApp>[1] = {}) => {
      const app = await openKeyedApp(databaseUrl, options);
      apps.push(app);
      return app;
    };
  });

/** Asks for the effect `n`; the key is the same for the same n unless it is said. */
export const ask = (app: App, n: number, { how, key = `key ${n}`, as = 'alice', note }: Ask = {}) =>
  app.fixture.send(`/api/v1/effects/${n}`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${as}`,
      ...(key !== null && { 'idempotency-key': key }),
    },
    body: JSON.stringify({ how, note }),
  });

export const replayed = (response: Response) => response.headers.get('idempotency-replayed');

/** Stops a request where it passes the gate. */
export const createGate = () => {
  const [entered, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const pass = () => {
    entered.resolve();
    return opened.promise;
  };
  return { pass, entered: entered.promise, open: () => opened.resolve() };
};

/** Asks again while it is running. */
export const untilSettled = async (send: () => Promise<Response>): Promise<Response> => {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const response = await send();
    const isRunning = response.status === 409 && (await response.clone().text()).includes('REQUEST_IN_PROGRESS');
    if (!isRunning || performance.now() > deadline) return response;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};
