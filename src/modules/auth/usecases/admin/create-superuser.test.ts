import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { test } from '#test/app.ts';
import {
  auditOf,
  buildSuperuser,
  call,
  createSuperuser,
  answerOf,
  knock,
  password,
  signIn,
} from '../../testing/accounts.ts';

const newName = () => `new-${newId().slice(-12)}`;

describe('create-superuser', () => {
  test('creates a superuser who can sign in', async ({ app, sql }) => {
    const username = newName();
    const answer = await createSuperuser(app, { username, email: 'ada@example.com' }, password);

    expect(answer).toEqual({ changed: true, outcome: 'created', username });
    await signIn(app, username);
    const [row] = await sql`select type, is_superuser, email, password_hash from auth.actors where login = ${username}`;
    expect(row).toEqual({
      type: 'admin',
      is_superuser: true,
      email: 'ada@example.com',
      password_hash: expect.stringMatching(/^\$argon2id\$/),
    });
  });

  test('changes nothing the second time, and does not ask for a password', async ({ app }) => {
    const username = await buildSuperuser(app);
    expect(await createSuperuser(app, { username: username.toUpperCase() })).toEqual({
      changed: false,
      outcome: 'unchanged',
      username,
    });
    await signIn(app, username);
  });

  test('makes one superuser for two that start at once', async ({ app }) => {
    const username = newName();
    const answers = await Promise.all([
      createSuperuser(app, { username }, password),
      createSuperuser(app, { username }, 'another long password'),
    ]);
    expect(answers.map(({ outcome }) => outcome).sort()).toEqual(['created', 'unchanged']);
  });

  test('says ADMIN_EXISTS of an admin who is none, and makes it one when told to', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    await sql`update auth.actors set is_superuser = false where login = ${username}`;

    await expect(createSuperuser(app, { username })).rejects.toMatchObject({ code: 'ADMIN_EXISTS', kind: 'conflict' });
    expect(await createSuperuser(app, { username, promote: true })).toMatchObject({
      changed: true,
      outcome: 'promoted',
    });

    const { accessToken } = await signIn(app, username);
    const me = await call(app, '/api/v1/auth/me', { token: accessToken });
    expect(await me.json()).toMatchObject({ isSuperuser: true, version: 2 });
  });

  test('asks for a password when it promotes an admin who has none', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    await sql`update auth.actors set is_superuser = false, password_hash = null where login = ${username}`;
    expect(await createSuperuser(app, { username, promote: true }, password)).toMatchObject({ outcome: 'promoted' });
    await signIn(app, username);
  });

  test('sets a new password when told to, and ends every session of the old one', async ({ app }) => {
    const username = await buildSuperuser(app);
    const { accessToken, refreshToken } = await signIn(app, username);

    const answer = await createSuperuser(app, { username, resetPassword: true }, 'a new long password');

    expect(answer).toMatchObject({ changed: true, outcome: 'password_reset' });
    expect(await knock(app, accessToken)).toEqual([401, 'SESSION_ENDED']);
    const refresh = await call(app, '/api/v1/auth/refresh', { body: { refreshToken } });
    expect(await answerOf(refresh)).toEqual([401, 'SESSION_ENDED']);
    const login = (typed: string) => call(app, '/api/v1/auth/admin-login', { body: { username, password: typed } });
    expect(await answerOf(await login(password))).toEqual([401, 'INVALID_CREDENTIALS']);
    expect(await answerOf(await login('a new long password'))).toEqual([200, null]);
  });

  test('says WEAK_PASSWORD and why, and creates nobody', async ({ app, sql }) => {
    const username = newName();
    for (const [typed, reason] of [
      ['short', 'too_short'],
      ['x'.repeat(129), 'too_long'],
      [`${username}123`, 'made_of_login'],
    ] as const) {
      const attempt = createSuperuser(app, { username }, typed);
      await expect(attempt).rejects.toMatchObject({ code: 'WEAK_PASSWORD', kind: 'invalid', details: { reason } });
    }
    expect(await sql`select from auth.actors where login = ${username}`).toHaveLength(0);
  });

  test.for(['ab', 'with space', 'straße', 'x'.repeat(51), ''])(
    'refuses %j as a username',
    async (username, { app }) => {
      await expect(createSuperuser(app, { username }, password)).rejects.toMatchObject({ code: 'INPUT_INVALID' });
    },
  );

  test('says that the password is needed where nobody can be asked', async ({ app }) => {
    await expect(createSuperuser(app, { username: newName() })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });

  test('never shows the password, nor its hash', async ({ app }) => {
    const username = newName();
    const answer = await createSuperuser(app, { username }, password);
    expect(JSON.stringify([answer, auditOf(app, 'auth.create-superuser')])).not.toMatch(/correct horse|argon2/);
  });
});
