import { expect } from 'vitest';

import { jsonOf } from '#kernel/http/testing/fixture.ts';
import { createRetentions } from '#kernel/retention.ts';
import { keyRetention } from './key-retention.ts';
import { ask, next, replayed, test } from './testing/keyed-test.ts';

test('a repeated request gets the first answer again, and what it does is done once', async ({ open, effects }) => {
  const app = await open();
  const n = next();
  const [first, second] = [await ask(app, n), await ask(app, n)];

  expect([first.status, replayed(first)]).toEqual([201, null]);
  expect([second.status, replayed(second)]).toEqual([201, 'true']);
  expect(second.headers.get('content-type')).toBe('application/json');
  expect(await jsonOf(second)).toEqual(await jsonOf(first));
  expect(await effects.count(n)).toBe(1);
});

test('without the header every request is done', async ({ open, effects }) => {
  const app = await open();
  const n = next();
  await ask(app, n, { key: null });
  await ask(app, n, { key: null });

  expect(await effects.count(n)).toBe(2);
});

test('a key belongs to its actor and its operation', async ({ open, effects }) => {
  const app = await open();
  const n = next();
  await ask(app, n);
  const other = await ask(app, n, { as: 'bob' });
  const elsewhere = await app.fixture.send('/api/v1/secrets', {
    method: 'POST',
    headers: { authorization: 'Bearer alice', 'idempotency-key': `key ${n}` },
  });

  expect([other.status, replayed(other)]).toEqual([201, null]);
  expect([elsewhere.status, replayed(elsewhere)]).toEqual([200, null]);
  expect(await effects.count(n)).toBe(2);
});

test('says IDEMPOTENCY_KEY_REUSED to another body or path under the same key', async ({ open, effects }) => {
  const app = await open();
  const [n, other] = [next(), next()];
  await ask(app, n);

  for (const response of [await ask(app, n, { note: 'other' }), await ask(app, other, { key: `key ${n}` })]) {
    expect(response.status).toBe(409);
    expect(await jsonOf(response)).toMatchObject({ code: 'IDEMPOTENCY_KEY_REUSED' });
  }
  expect([await effects.count(n), await effects.count(other)]).toEqual([1, 0]);
});

test('a key may be used again after 24 hours', async ({ open, effects, sql }) => {
  const app = await open();
  const n = next();
  await ask(app, n);
  await sql`update kernel.idempotency_keys set created_at = now() - interval '24 hours 1 second' where key = ${`key ${n}`}`;
  const later = await ask(app, n, { note: 'other' });

  expect([later.status, replayed(later)]).toEqual([201, null]);
  expect(await effects.count(n)).toBe(2);
});

test('rows older than a day are dropped, and no others', async ({ open, sql, database }) => {
  const app = await open();
  const [old, young] = [next(), next()];
  await ask(app, old);
  await ask(app, young);
  await sql`update kernel.idempotency_keys set created_at = now() - interval '25 hours' where key = ${`key ${old}`}`;
  const retentions = createRetentions(database);
  retentions.add(keyRetention);
  await retentions.dropExpired(new AbortController().signal);

  const left = await sql`select key from kernel.idempotency_keys where key in ${sql([`key ${old}`, `key ${young}`])}`;
  expect(left.map(({ key }) => key)).toEqual([`key ${young}`]);
});

test('says INPUT_INVALID to a key that is empty, too long or holds a control character', async ({ open, effects }) => {
  const app = await open();
  const n = next();
  for (const key of ['', 'x'.repeat(256), 'a\tb', 'a\u0085b']) {
    const response = await ask(app, n, { key });
    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toMatchObject({ code: 'INPUT_INVALID', fields: { 'Idempotency-Key': [/255/] } });
  }
  expect((await ask(app, n, { key: 'x'.repeat(255) })).status).toBe(201);
  expect(await effects.count(n)).toBe(1);
});

test('an actor that may not do it is refused, and no key is kept', async ({ open, sql }) => {
  const app = await open();
  const n = next();
  const response = await ask(app, n, { as: 'carol' });

  expect([response.status, await jsonOf(response)]).toMatchObject([403, { code: 'PERMISSION_DENIED' }]);
  expect(await sql`select from kernel.idempotency_keys where key = ${`key ${n}`}`).toHaveLength(0);
});

test('a declared refusal is the answer to the repetition too', async ({ open, effects }) => {
  const app = await open();
  const n = next();
  const [first, second] = [await ask(app, n, { how: 'taken' }), await ask(app, n, { how: 'taken' })];

  expect([first.status, replayed(first)]).toEqual([409, null]);
  expect([second.status, replayed(second)]).toEqual([409, 'true']);
  expect(second.headers.get('content-type')).toBe('application/problem+json');
  expect(await second.text()).toBe(await first.text());
  expect(await effects.count(n)).toBe(0);
});

test.for(['down', 'many', 'broken', 'misshapen'] as const)(
  'a failure that may pass (%s) changes nothing, and the key is free for another try',
  async (how, { open, effects, sql }) => {
    const app = await open();
    const n = next();
    const first = await ask(app, n, { how });

    expect(first.status).toBe({ down: 503, many: 429, broken: 500, misshapen: 500 }[how]);
    expect(await sql`select from kernel.idempotency_keys where key = ${`key ${n}`}`).toHaveLength(0);
    expect((await ask(app, n, { how: 'fine' })).status).toBe(201);
    expect(await effects.count(n)).toBe(1);
  },
);

test('an answer without a change is kept as well', async ({ open }) => {
  const app = await open();
  const n = next();
  const [first, second] = [await ask(app, n, { how: 'idle' }), await ask(app, n, { how: 'idle' })];

  expect(replayed(second)).toBe('true');
  expect(await second.text()).toBe(await first.text());
});

test('an action that answers something else than its transaction is a fault of ours', async ({ open }) => {
  const app = await open();
  const headers = { authorization: 'Bearer alice' };
  const response = await app.fixture.send('/api/v1/altered', { method: 'POST', headers });

  expect(response.status).toBe(500);
  expect(app.fixture.alerts[0]?.error.cause).toMatchObject({ message: expect.stringContaining('as it is') });
});

test('an answer that holds a secret is not readable in the table, and is repeated', async ({ open, sql }) => {
  const app = await open();
  const key = `key ${next()}`;
  const send = () =>
    app.fixture.send('/api/v1/secrets', {
      method: 'POST',
      headers: { authorization: 'Bearer alice', 'idempotency-key': key },
    });
  const [first, second] = [await send(), await send()];
  const { secret } = await jsonOf(first);
  const [row] = await sql`select answer, sealed_answer from kernel.idempotency_keys where key = ${key}`;

  expect(await jsonOf(second)).toEqual({ secret });
  expect(row?.['answer']).toBeNull();
  expect(Buffer.from(row?.['sealed_answer']).toString('latin1')).not.toMatch(/planted|secret/);
});
