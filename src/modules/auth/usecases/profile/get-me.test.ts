import { describe, expect } from 'vitest';

import { test } from '#test/app.ts';
import { answerOf, buildSuperuser, call, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/me';

describe('get-me', () => {
  test('tells who I am and when my session ends', async ({ app }) => {
    const username = await buildSuperuser(app);
    const { accessToken, actor, session } = await signIn(app, username);

    const response = await call(app, path, { token: accessToken });

    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(await response.json()).toEqual({
      id: actor.id,
      type: 'admin',
      login: username,
      displayName: username,
      email: null,
      isSuperuser: true,
      status: 'active',
      permissions: [],
      locale: null,
      timezone: null,
      version: 1,
      session,
    });
  });

  test('is for the signed-in only', async ({ app }) => {
    const response = await call(app, path);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect(await answerOf(response)).toEqual([401, 'UNAUTHENTICATED']);
  });
});
