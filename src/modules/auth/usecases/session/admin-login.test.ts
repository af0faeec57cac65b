import { hash } from '@node-rs/argon2';
import { describe, expect } from 'vitest';

import { test } from '#test/app.ts';
import { signedInShape } from '../../logic/signed-in.ts';
import { answerOf, auditOf, buildSuperuser, call, knock, password, readAs, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/admin-login';

describe('admin-login', () => {
  test('signs a superuser in', async ({ app }) => {
    const username = await buildSuperuser(app);

    const response = await call(app, path, { body: { username, password } });

    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const body = await readAs(response, signedInShape());
    expect(body).toMatchObject({
      status: 'signed_in',
      actor: { type: 'admin', login: username, displayName: username, isSuperuser: true },
      session: { id: expect.any(String), authenticatedAt: app.clock.now().toISOString() },
      refreshToken: expect.stringMatching(/^ar1\.[\w-]{70}$/),
    });
    expect(Date.parse(body.accessTokenExpiresAt) - app.clock.now().getTime()).toBeGreaterThan(898_000);
    expect(Date.parse(body.refreshTokenExpiresAt) - app.clock.now().getTime()).toBe(7 * 86_400_000);
    expect(await knock(app, body.accessToken)).toEqual([200, null]);
  });

  test('takes the username in any case and width', async ({ app }) => {
    const username = await buildSuperuser(app);
    const response = await call(app, path, {
      body: { username: ` ${username.toUpperCase().replace('R', 'Ｒ')} `, password },
    });
    expect(response.status).toBe(200);
  });

  test('says INVALID_CREDENTIALS to a wrong password, an unknown name, no password and a disabled account alike', async ({
    app,
    sql,
  }) => {
    const known = await buildSuperuser(app);
    const disabled = await buildSuperuser(app);
    const withoutPassword = await buildSuperuser(app);
    await sql`update auth.actors set status = 'disabled' where login = ${disabled}`;
    await sql`update auth.actors set password_hash = null where login = ${withoutPassword}`;
    const attempts = [known, disabled, withoutPassword, 'nobody', 'No such name!'];

    const answers = await Promise.all(
      attempts.map(async (username) => {
        const response = await call(app, path, { body: { username, password: 'wrong' } });
        const text = (await response.text()).replace(/"traceId":"\w+"/, '');
        return JSON.stringify([response.status, Array.from(response.headers.keys()), text]);
      }),
    );

    expect(answers[0]).toMatch(/^\[401,.*INVALID_CREDENTIALS/);
    expect(new Set(answers).size).toBe(1);
    const response = await call(app, path, { body: { username: withoutPassword, password } });
    expect(await answerOf(response)).toEqual([401, 'INVALID_CREDENTIALS']);
  });

  test('says ACTOR_DISABLED only to the right password', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    await sql`update auth.actors set status = 'disabled' where login = ${username}`;

    expect(await answerOf(await call(app, path, { body: { username, password } }))).toEqual([403, 'ACTOR_DISABLED']);
    const response = await call(app, path, { body: { username, password: 'wrong' } });
    expect(await answerOf(response)).toEqual([401, 'INVALID_CREDENTIALS']);
  });

  test('says SIGN_IN_BUSY when more ask at once than can be hashed', async ({ app }) => {
    const username = await buildSuperuser(app);
    const attempts = Array.from({ length: 120 }, () => call(app, path, { body: { username, password } }));

    const answers = await Promise.all((await Promise.all(attempts)).map(answerOf));

    expect(answers).toContainEqual([503, 'SIGN_IN_BUSY']);
    expect(answers).toContainEqual([200, null]);
    expect(new Set(answers.map(String))).toEqual(new Set(['503,SIGN_IN_BUSY', '200,']));
  });

  test('hashes a password anew if it was hashed with other parameters, and it still signs in', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    const older = await hash(password, { memoryCost: 1024, timeCost: 1, parallelism: 1 });
    await sql`update auth.actors set password_hash = ${older} where login = ${username}`;

    await signIn(app, username);

    const [row] = await sql`select password_hash, version, epoch from auth.actors where login = ${username}`;
    const { memoryKiB, iterations } = app.config.auth.password;
    expect(row).toEqual({
      password_hash: expect.stringContaining(`$argon2id$v=19$m=${memoryKiB},t=${iterations},p=1$`),
      version: 1,
      epoch: 0,
    });
    await signIn(app, username);
  });

  test('ends the longest unused session when an actor opens its 51st', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    const [first, second] = [await signIn(app, username), await signIn(app, username)];
    for (let count = 2; count < 50; count += 1) await signIn(app, username);
    expect(await knock(app, first.accessToken)).toEqual([200, null]);

    await signIn(app, username);

    expect(await knock(app, first.accessToken)).toEqual([401, 'SESSION_ENDED']);
    expect(await knock(app, second.accessToken)).toEqual([200, null]);
    const [row] = await sql`select end_reason from auth.sessions where id = ${first.session.id}`;
    expect(row).toEqual({ end_reason: 'too_many_sessions' });
  });

  test('keeps no more than 50 sessions however many sign in at once', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    for (let round = 0; round < 6; round += 1) {
      await Promise.all(Array.from({ length: 10 }, () => signIn(app, username)));
    }
    const [row] = await sql`
      select count(*)::int as live from auth.sessions s join auth.actors a on a.id = s.actor_id
      where a.login = ${username} and s.ended_at is null`;
    expect(row).toEqual({ live: 50 });
  });

  test.for([
    {},
    { username: 'root' },
    { username: '', password: 'x' },
    { username: 'root', password: 7 },
    { username: 'root', password: 'x'.repeat(1025) },
  ])('refuses a body that breaks the documented input: %j', async (body, { app }) => {
    expect(await answerOf(await call(app, path, { body }))).toEqual([400, 'INPUT_INVALID']);
  });

  test('is audited with the session that it opened', async ({ app }) => {
    const { actor, session } = await signIn(app, await buildSuperuser(app));
    const notes = [{ subject: `actor:${actor.id}`, after: { sessionId: session.id } }];
    expect(auditOf(app, 'auth.admin-login')).toContainEqual(expect.objectContaining({ outcome: 'ok', notes }));
  });

  test('is counted by outcome', async ({ app }) => {
    await signIn(app, await buildSuperuser(app));
    await call(app, path, { body: { username: 'nobody', password: 'wrong' } });
    const exposed = await app.kernel.metrics.expose();
    expect(exposed).toMatch(/ashlar_auth_sign_ins_total\{method="password",outcome="signed_in"\} \d+/);
    expect(exposed).toMatch(/ashlar_auth_sign_ins_total\{method="password",outcome="invalid_credentials"\} \d+/);
    expect(exposed).toMatch(/ashlar_auth_hash_seconds_count(\{\})? \d+/);
    expect(exposed).toMatch(/ashlar_auth_hash_waiting 0/);
  });
});
