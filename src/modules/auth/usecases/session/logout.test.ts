import { describe, expect } from 'vitest';

import { test } from '#test/app.ts';
import { answerOf, buildSuperuser, call, knock, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/logout';

describe('logout', () => {
  test('ends the session: its tokens are refused from then on, those of other sessions are not', async ({
    app,
    sql,
  }) => {
    const username = await buildSuperuser(app);
    const [left, stayed] = [await signIn(app, username), await signIn(app, username)];

    const response = await call(app, path, { token: left.accessToken, method: 'POST' });

    expect([response.status, await response.text()]).toEqual([204, '']);
    const me = await call(app, '/api/v1/auth/me', { token: left.accessToken });
    expect(me.headers.get('content-type')).toBe('application/problem+json');
    expect(await answerOf(me)).toEqual([401, 'SESSION_ENDED']);
    expect(await knock(app, stayed.accessToken)).toEqual([200, null]);
    const [row] = await sql`select end_reason from auth.sessions where id = ${left.session.id}`;
    expect(row).toEqual({ end_reason: 'logout' });
  });

  test('answers 204 also if the session is over already', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    for (let turn = 0; turn < 3; turn += 1) {
      expect((await call(app, path, { token: accessToken, method: 'POST' })).status).toBe(204);
    }
  });

  test('needs a token of ours', async ({ app }) => {
    expect(await answerOf(await call(app, path, { method: 'POST' }))).toEqual([401, 'UNAUTHENTICATED']);
    expect(await answerOf(await call(app, path, { method: 'POST', token: 'made-up' }))).toEqual([
      401,
      'UNAUTHENTICATED',
    ]);
  });
});
