import { describe, expect } from 'vitest';

import { test } from '#test/app.ts';
import { buildSuperuser, call, knock, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/me/sessions';

describe('end-my-other-sessions', () => {
  test("ends all my sessions but the one that asks, and nobody else's", async ({ app }) => {
    const username = await buildSuperuser(app);
    const [mine, ...others] = [await signIn(app, username), await signIn(app, username), await signIn(app, username)];
    const foreign = await signIn(app, await buildSuperuser(app));

    const response = await call(app, path, { method: 'DELETE', token: mine.accessToken });

    expect([response.status, await response.json()]).toEqual([200, { endedCount: 2 }]);
    for (const { accessToken } of others) {
      expect(await knock(app, accessToken)).toEqual([401, 'SESSION_ENDED']);
    }
    for (const { accessToken } of [mine, foreign]) {
      expect(await knock(app, accessToken)).toEqual([200, null]);
    }
    const again = await call(app, path, { method: 'DELETE', token: mine.accessToken });
    expect(await again.json()).toEqual({ endedCount: 0 });
  });
});
