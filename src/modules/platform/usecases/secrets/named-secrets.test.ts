import { describe, expect } from 'vitest';
import { z } from 'zod';

import { manageSecrets, readSecrets } from '#portals/platform.ts';
import { type TestApp, test, withModules } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run, runTyped } from '#test/run.ts';
import { deleteSecret } from './delete-secret.ts';
import { removeSecret } from './remove-secret.ts';

const planted = 'a planted value that nobody may read';

const call = async (app: TestApp, access: `${'GET' | 'POST' | 'PUT' | 'DELETE'} /secrets${string}`, body?: object) => {
  const [method = '', path = ''] = access.split(' ');
  const actor = buildActor({ isSuperuser: false, permissions: new Set([readSecrets.name, manageSecrets.name]) });
  const init =
    body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await app.as(actor).request(`/api/v1/platform${path}`, { method, ...init });
  const text = await response.text();
  expect(text).not.toContain(planted);
  return { status: response.status, answer: text === '' ? null : JSON.parse(text) };
};

const create = (app: TestApp, name: string, more: object = {}) =>
  call(app, 'POST /secrets', { name, value: planted, ...more });

const reveal = async (app: TestApp, name: string, host: string | null = null) => {
  const resolved = await app.platform.resolveSecret(name, { host });
  return resolved.outcome === 'resolved' ? resolved.secret.reveal() : resolved.outcome;
};

const page = z.object({ items: z.array(z.object({ name: z.string() }).loose()), nextCursor: z.string().nullable() });

describe('named secrets', () => {
  test('are kept, used by name, and listed without their values', async ({ app }) => {
    const given = { description: 'For the registry', allowedHosts: ['*.example.com'] };
    expect(await create(app, 'deploy/token', given)).toEqual({
      status: 201,
      answer: { name: 'deploy/token', version: 1 },
    });
    expect(await reveal(app, 'deploy/token', 'r.example.com')).toBe(planted);

    const { answer } = await call(app, 'GET /secrets');
    expect(page.parse(answer).items.find(({ name }) => name === 'deploy/token')).toEqual({
      name: 'deploy/token',
      ...given,
      version: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      versions: [{ version: 1, createdAt: expect.any(String) }],
    });
  });

  test('are listed a page at a time', async ({ app }) => {
    for (const name of ['page/a', 'page/b', 'page/c']) await create(app, name);
    const first = page.parse((await call(app, 'GET /secrets?limit=1')).answer);
    const rest = page.parse((await call(app, `GET /secrets?cursor=${first.nextCursor}`)).answer);
    const names = [...first.items, ...rest.items].map(({ name }) => name);
    expect(names).toEqual(names.toSorted());
    expect(names).toEqual(expect.arrayContaining(['page/a', 'page/b', 'page/c']));
    expect(rest.nextCursor).toBe(null);
  });

  test('get a new value, and keep the newest ten versions', async ({ app, sql }) => {
    await create(app, 'many');
    for (let version = 1; version <= 11; version += 1) {
      expect(await call(app, 'PUT /secrets/many', { version, value: `value ${version + 1}` })).toEqual({
        status: 200,
        answer: { name: 'many', version: version + 1 },
      });
    }
    expect(await reveal(app, 'many')).toBe('value 12');
    const rows = await sql<{ version: number }[]>`
      select v.version from platform.secret_versions v join platform.secrets s on s.id = v.secret_id
       where s.name = 'many' order by 1`;
    expect(rows.map(({ version }) => version)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  test('keep their value when only their description or hosts change', async ({ app }) => {
    await create(app, 'described');
    await call(app, 'PUT /secrets/described', { version: 1, allowedHosts: ['a.example.com'], description: 'new' });
    expect(await reveal(app, 'described', 'a.example.com')).toBe(planted);
    await call(app, 'PUT /secrets/described', { version: 2, allowedHosts: null });
    expect(await reveal(app, 'described')).toBe(planted);
  });

  test('are given for no host that is not allowed', async ({ app }) => {
    await create(app, 'bound', { allowedHosts: ['api.example.com'] });
    expect([
      await reveal(app, 'bound', 'api.example.com'),
      await reveal(app, 'bound', 'evil.example.net'),
      await reveal(app, 'bound'),
      await reveal(app, 'unbound'),
    ]).toEqual([planted, 'host_not_allowed', 'host_not_allowed', 'not_found']);
  });

  test('are put by a module: made, then given a new value, also by several at once', async ({ app }) => {
    const put = (value: string) =>
      app.platform.putSecret({ name: 'workflow/mail', value, description: null, allowedHosts: null });
    await Promise.all(['a', 'b', 'c', 'd'].map(put));
    await put('the last');
    expect(await reveal(app, 'workflow/mail')).toBe('the last');
  });

  test('cannot be opened in the place of another', async ({ app, sql }) => {
    await create(app, 'one');
    await create(app, 'two');
    await sql`
      update platform.secret_versions set sealed = (
        select v.sealed from platform.secret_versions v join platform.secrets s on s.id = v.secret_id where s.name = 'two')
       where secret_id = (select id from platform.secrets where name = 'one')`;
    await expect(reveal(app, 'one')).rejects.toMatchObject({ code: 'SECRET_UNREADABLE' });
  });

  test('say SECRET_NAME_TAKEN to the second of the same name', async ({ app }) => {
    await create(app, 'taken');
    expect(await create(app, 'taken')).toMatchObject({ status: 409, answer: { code: 'SECRET_NAME_TAKEN' } });
  });

  test('say VERSION_CONFLICT to whoever read an older version', async ({ app }) => {
    await create(app, 'raced');
    const answers = await Promise.all(
      [1, 2, 3].map((value) => call(app, 'PUT /secrets/raced', { version: 1, value: `${value}` })),
    );
    expect(answers.map(({ answer }) => String(answer.code ?? 'ok')).toSorted()).toEqual([
      'VERSION_CONFLICT',
      'VERSION_CONFLICT',
      'ok',
    ]);
  });

  test('say SECRET_NOT_FOUND where there is none', async ({ app }) => {
    const answer = { status: 404, answer: { code: 'SECRET_NOT_FOUND' } };
    expect(await call(app, 'PUT /secrets/none', { version: 1 })).toMatchObject(answer);
    expect(await call(app, 'DELETE /secrets/none')).toMatchObject(answer);
  });

  test('are forgotten with all versions, under a name with a slash too', async ({ app, sql }) => {
    await create(app, 'gone/token');
    expect(await call(app, 'DELETE /secrets/gone%2Ftoken')).toMatchObject({ status: 204 });
    expect(await reveal(app, 'gone/token')).toBe('not_found');
    expect(
      await sql`
      select from platform.secret_versions v where not exists (select from platform.secrets where id = v.secret_id)`,
    ).toHaveLength(0);
  });

  test('say SECRET_IN_USE while a module needs them, over HTTP and on the command line', async ({ app }) => {
    await create(app, 'needed');
    const deps = {
      kernel: app.kernel,
      findSecretUses: (name: string) => Promise.resolve(name === 'needed' ? ['workflow Deploy'] : []),
    };
    const usecases = [deleteSecret(deps), removeSecret(deps)];
    const used = withModules(app, [{ name: 'platform', portal: null, usecases }]);
    expect(await call(used, 'DELETE /secrets/needed')).toMatchObject({
      status: 409,
      answer: { code: 'SECRET_IN_USE', details: { users: ['workflow Deploy'] } },
    });
    await expect(run(used, 'platform.remove-secret', { name: 'needed' })).rejects.toMatchObject({
      code: 'SECRET_IN_USE',
    });
    expect(await reveal(app, 'needed')).toBe(planted);
  });

  test.for([
    [{ name: 'Upper' }, 'name'],
    [{ name: 'a//b' }, 'name'],
    [{ name: '../up' }, 'name'],
    [{ value: '' }, 'value'],
    [{ allowedHosts: ['https://example.com'] }, 'allowedHosts.0'],
    [{ allowedHosts: [] }, 'allowedHosts'],
  ] as const)('refuse %o and name the field', async ([body, field], { app }) => {
    expect(await call(app, 'POST /secrets', { name: 'fine', value: 'fine', ...body })).toMatchObject({
      status: 400,
      answer: { code: 'INPUT_INVALID', fields: { [field]: [expect.any(String)] } },
    });
  });
});

describe('named secrets on the command line', () => {
  test('are set, listed, and forgotten only when it is no dry run', async ({ app }) => {
    const set = (input: object, value: string) =>
      runTyped(app, 'platform.set-secret', { input: { name: 'cli/token', ...input }, secrets: { value } });
    expect(await set({ allowedHosts: 'a.example.com, *.b.com' }, planted)).toEqual({
      name: 'cli/token',
      version: 1,
    });
    expect(await set({}, 'another')).toMatchObject({ version: 2 });
    expect(await reveal(app, 'cli/token', 'x.b.com')).toBe('another');
    expect(await run(app, 'platform.list-secrets')).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ name: 'cli/token', version: 2 })]),
    });
    await run(app, 'platform.remove-secret', { name: 'cli/token', dryRun: true });
    expect(await reveal(app, 'cli/token', 'a.example.com')).toBe('another');
    await run(app, 'platform.remove-secret', { name: 'cli/token' });
    expect(await reveal(app, 'cli/token')).toBe('not_found');
  });

  test('refuse an empty value, and say SECRET_NOT_FOUND of what there is not', async ({ app }) => {
    const empty = { input: { name: 'cli/empty' }, secrets: { value: '' } };
    await expect(runTyped(app, 'platform.set-secret', empty)).rejects.toMatchObject({
      code: 'INPUT_INVALID',
    });
    await expect(run(app, 'platform.remove-secret', { name: 'cli/none' })).rejects.toMatchObject({
      code: 'SECRET_NOT_FOUND',
    });
  });
});

test('rotate-secrets says NEW_MASTER_KEY_NEEDED, with what to do, where the configuration gives the only key', async ({
  app,
}) => {
  await expect(run(app, 'platform.rotate-secrets')).rejects.toMatchObject({
    code: 'NEW_MASTER_KEY_NEEDED',
    message: expect.stringContaining('secrets.previousMasterKey'),
  });
});

test('no value of a secret is in the log, in the audit trail or readable in the database', async ({ app, sql }) => {
  await create(app, 'leak/one');
  await call(app, 'PUT /secrets/leak%2Fone', { version: 1, value: `${planted} again` });
  await call(app, 'POST /secrets', { name: 'leak/one', value: planted, planted });
  await reveal(app, 'leak/one');
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname in ('kernel', 'platform', 'auth')`;
  const dump = await Promise.all(
    tables.map(({ name }) =>
      sql.unsafe(
        `select to_jsonb(kept) || jsonb_build_object('x', encode(kept::text::bytea, 'escape')) as row from ${name} as kept`,
      ),
    ),
  );
  expect(dump.flat().length).toBeGreaterThan(5);
  for (const place of [JSON.stringify(app.logged), JSON.stringify(dump)]) {
    expect(place).not.toContain(planted);
    expect(place).not.toContain(Buffer.from(planted).toString('hex'));
    expect(place).not.toContain(Buffer.from(planted).toString('base64'));
  }
});
