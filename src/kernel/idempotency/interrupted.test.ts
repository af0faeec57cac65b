import { connect } from 'node:net';

import { expect } from 'vitest';

import { openProxy } from '#kernel/database/testing/open-proxy.ts';
import { jsonOf, serveFixture } from '#kernel/http/testing/fixture.ts';
import { ask, createGate, next, replayed, test, untilSettled } from './testing/keyed-test.ts';
import { openProcesses } from './testing/processes.ts';
import { repeatRequests } from './testing/repeat-requests.ts';

test('says REQUEST_IN_PROGRESS while it runs, here and in another process', async ({ open, effects }) => {
  const gate = createGate();
  const [app, other] = [await open({ gate }), await open()];
  const n = next();
  const running = ask(app, n, { how: 'gate' });
  await gate.entered;

  for (const process of [app, other]) {
    const response = await ask(process, n, { how: 'gate' });
    expect([response.status, response.headers.get('retry-after')]).toEqual([409, '1']);
    expect(await jsonOf(response)).toMatchObject({ code: 'REQUEST_IN_PROGRESS' });
    expect(await jsonOf(await ask(process, n))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  }
  gate.open();
  expect((await running).status).toBe(201);
  expect(replayed(await ask(other, n, { how: 'gate' }))).toBe('true');
  expect(await effects.count(n)).toBe(1);
});

test('an answer that was lost after the commit is given to the repetition', async ({ open, effects }) => {
  const gate = createGate();
  const [app, other] = [await open({ gate }), await open()];
  const server = await serveFixture(app.fixture);
  const n = next();
  const body = JSON.stringify({ how: 'gateAfter' });
  const lines = [
    `POST /api/v1/effects/${n} HTTP/1.1`,
    'host: 127.0.0.1',
    'authorization: Bearer alice',
    `idempotency-key: key ${n}`,
    'content-type: application/json',
    `content-length: ${body.length}`,
  ];
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await gate.entered;
  // Committed, and not answered yet: another process knows the answer.
  expect(replayed(await ask(other, n, { how: 'gateAfter' }))).toBe('true');
  socket.destroy();
  gate.open();

  const repeated = await untilSettled(() => ask(app, n, { how: 'gateAfter' }));
  expect([repeated.status, replayed(repeated)]).toEqual([201, 'true']);
  expect(await effects.count(n)).toBe(1);
  await server.close();
});

test('the request of a process that was killed is run by the next one that asks', async ({
  open,
  effects,
  sql,
  databaseUrl,
}) => {
  const app = await open();
  const processes = openProcesses(databaseUrl);
  const doomed = await processes.start();
  const n = next();
  const lost = fetch(`${doomed.url}/api/v1/effects/${n}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer alice', 'idempotency-key': `key ${n}` },
    body: JSON.stringify({ how: 'gate' }),
  }).catch(() => null);
  const epoch = async () =>
    Number((await sql`select epoch from kernel.idempotency_keys where key = ${`key ${n}`}`)[0]?.['epoch'] ?? 0);
  const before = await untilMoreThan(0, epoch);
  await doomed.kill();
  await lost;

  expect(await jsonOf(await ask(app, n))).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  const repeated = await untilSettled(() => ask(app, n, { how: 'gate' }));
  expect([repeated.status, replayed(repeated)]).toEqual([201, null]);
  expect(await epoch()).toBeGreaterThan(before);
  expect(await effects.count(n)).toBe(1);
});

test('a process that was taken for dead rolls back what somebody else does by now', async ({ open, effects, sql }) => {
  const gate = createGate();
  const [app, heir] = [await open({ gate }), await open()];
  const n = next();
  const running = ask(app, n, { how: 'gate' });
  await gate.entered;
  const inherited = await untilSettled(async () => {
    await sql`delete from kernel.processes where id = ${app.presence.processId}`;
    return ask(heir, n, { how: 'gate' });
  });
  gate.open();

  expect([inherited.status, replayed(inherited)]).toEqual([201, null]);
  const response = await running;
  expect([response.status, await jsonOf(response)]).toMatchObject([409, { code: 'REQUEST_IN_PROGRESS' }]);
  const repeated = await ask(app, n, { how: 'gate' });
  expect(await jsonOf(repeated)).toEqual(await jsonOf(inherited));
  expect(await effects.count(n)).toBe(1);
});

test('what could not be given back while PostgreSQL was away, is given back once it returns', async ({
  open,
  effects,
  databaseUrl,
}) => {
  const gate = createGate();
  const proxy = await openProxy(databaseUrl);
  const [app, other] = [await open({ gate, databaseUrl: proxy.url }), await open()];
  const n = next();
  const running = ask(app, n, { how: 'gate' });
  await gate.entered;
  proxy.cut();
  gate.open();
  expect((await running).status).toBe(503);
  proxy.restore();

  expect((await untilSettled(() => ask(other, n, { how: 'gate' }))).status).toBe(201);
  expect((await untilSettled(() => ask(app, n, { how: 'gate' }))).status).toBe(201);
  expect(await effects.count(n)).toBe(1);
  await app.close();
  await proxy.close();
});

test(
  'clients repeat 300 changes while processes are killed: each is made once and answered the same to all',
  { timeout: 120_000 },
  async ({ databaseUrl, effects }) => {
    const listEffects = async () => (await effects.list()).filter((n) => n <= 300);
    await repeatRequests({ databaseUrl, listEffects }, { changes: 300, kills: 3 });
  },
);

const untilMoreThan = async (floor: number, look: () => Promise<number>): Promise<number> => {
  const deadline = performance.now() + 15_000;
  for (;;) {
    const found = await look();
    if (found > floor) return found;
    if (performance.now() > deadline) throw new Error(`still ${found} after 15 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};
