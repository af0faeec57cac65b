import { describe, expect } from 'vitest';
import { z } from 'zod';

import { pageOf } from '#kernel/page.ts';
import { test } from '#test/app.ts';
import { answerOf, buildSuperuser, call, readAs, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/me/sessions';

const listShape = pageOf(z.record(z.string(), z.unknown()));

describe('get-my-sessions', () => {
  test('lists my live sessions, youngest first, and marks the one that asks', async ({ app }) => {
    const username = await buildSuperuser(app);
    const other = await buildSuperuser(app);
    const [first, second, left] = [
      await signIn(app, username),
      await signIn(app, username),
      await signIn(app, username),
    ];
    await signIn(app, other);
    await call(app, '/api/v1/auth/logout', { token: left.accessToken, method: 'POST' });

    const response = await call(app, path, { token: first.accessToken });

    expect(response.status).toBe(200);
    const { items, nextCursor } = await readAs(response, listShape);
    expect(nextCursor).toBeNull();
    expect(items).toMatchObject([
      { id: second.session.id, isCurrent: false },
      { id: first.session.id, isCurrent: true },
    ]);
    expect(items[0]).toEqual({
      id: second.session.id,
      userAgent: null,
      address: null,
      method: 'password',
      createdAt: app.clock.now().toISOString(),
      lastUsedAt: app.clock.now().toISOString(),
      expiresAt: new Date(app.clock.now().getTime() + 7 * 86_400_000).toISOString(),
      isCurrent: false,
    });
  });

  test('shows the program that signed in, cut to what people can read', async ({ app }) => {
    const username = await buildSuperuser(app);
    const { accessToken } = await signIn(app, username);
    await app.http.request('/api/v1/auth/admin-login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'x'.repeat(2000) },
      body: JSON.stringify({ username, password: 'correct horse battery' }),
    });
    const { items } = await readAs(await call(app, path, { token: accessToken }), listShape);
    expect(items[0]?.['userAgent']).toBe('x'.repeat(512));
  });

  test('hands out every session once, page by page', async ({ app }) => {
    const username = await buildSuperuser(app);
    const ids = [];
    let token = '';
    for (let count = 0; count < 5; count += 1) {
      const { session, accessToken } = await signIn(app, username);
      ids.unshift(session.id);
      token = accessToken;
    }
    const seen = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
      const page = await readAs(await call(app, `${path}?limit=2${query}`, { token }), listShape);
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(ids);
  });

  test('refuses a cursor that it did not make', async ({ app }) => {
    const { accessToken: token } = await signIn(app, await buildSuperuser(app));
    expect(await answerOf(await call(app, `${path}?cursor=abc`, { token }))).toEqual([400, 'INPUT_INVALID']);
  });

  test('is for the signed-in only', async ({ app }) => {
    expect(await answerOf(await call(app, path))).toEqual([401, 'UNAUTHENTICATED']);
  });
});
