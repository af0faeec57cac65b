import { describe, expect } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { test } from '#test/app.ts';
import { answerOf, buildSuperuser, call, knock, signIn } from '../../testing/accounts.ts';

const pathOf = (id: string) => `/api/v1/auth/me/sessions/${id}`;

describe('end-my-session', () => {
  test('ends another session of mine', async ({ app }) => {
    const username = await buildSuperuser(app);
    const [mine, lost] = [await signIn(app, username), await signIn(app, username)];

    const response = await call(app, pathOf(lost.session.id), { method: 'DELETE', token: mine.accessToken });

    expect(response.status).toBe(204);
    expect(await knock(app, lost.accessToken)).toEqual([401, 'SESSION_ENDED']);
    expect(await knock(app, mine.accessToken)).toEqual([200, null]);
  });

  test("says SESSION_NOT_FOUND to an unknown one, one that is over, and somebody else's alike", async ({ app }) => {
    const username = await buildSuperuser(app);
    const [mine, over] = [await signIn(app, username), await signIn(app, username)];
    const foreign = await signIn(app, await buildSuperuser(app));
    await call(app, '/api/v1/auth/logout', { token: over.accessToken, method: 'POST' });

    for (const id of [newId(), over.session.id, foreign.session.id]) {
      const response = await call(app, pathOf(id), { method: 'DELETE', token: mine.accessToken });
      expect(await answerOf(response)).toEqual([404, 'SESSION_NOT_FOUND']);
    }
    expect(await knock(app, foreign.accessToken)).toEqual([200, null]);
  });
});
