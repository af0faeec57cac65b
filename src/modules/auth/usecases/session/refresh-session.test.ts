import { describe, expect } from 'vitest';
import { z } from 'zod';

import { newId } from '#kernel/ids.ts';
import { formatRefreshToken } from '../../domain/refresh-token.ts';
import { test, type TestApp } from '#test/app.ts';
import { auditOf, buildSuperuser, call, knock, readAs, signIn } from '../../testing/accounts.ts';

const path = '/api/v1/auth/refresh';
/** In seconds. */
const minute = 60;
const day = 86_400;

const pairShape = z.object({
  accessToken: z.string().default(''),
  refreshToken: z.string().default(''),
  refreshTokenExpiresAt: z.string().default(''),
  code: z.string().nullable().default(null),
});

const refresh = async (app: TestApp, refreshToken: string) => {
  const response = await call(app, path, { body: { refreshToken } });
  const { code, ...pair } = await readAs(response, pairShape);
  return { status: response.status, code, pair };
};

describe('refresh-session', () => {
  test('trades a token for the next one and an access token that works', async ({ app }) => {
    const first = await signIn(app, await buildSuperuser(app));

    const second = await refresh(app, first.refreshToken);

    expect(second.status).toBe(200);
    expect(second.pair.refreshToken).not.toBe(first.refreshToken);
    expect(await knock(app, second.pair.accessToken)).toEqual([200, null]);
    expect((await refresh(app, second.pair.refreshToken)).status).toBe(200);
  });

  test('rotates once for 16 that race with one token, and ends nothing', async ({ app, sql }) => {
    const { refreshToken, session } = await signIn(app, await buildSuperuser(app));

    const answers = await Promise.all(Array.from({ length: 16 }, () => refresh(app, refreshToken)));

    const served = answers.filter(({ status }) => status === 200);
    // The one that rotated, and the ten that the grace serves.
    expect(served).toHaveLength(11);
    expect(new Set(served.map(({ pair }) => pair.refreshToken)).size).toBe(1);
    expect(answers.filter(({ code }) => code === 'INVALID_REFRESH_TOKEN')).toHaveLength(5);
    const [row] = await sql`select counter, grace_uses, ended_at from auth.sessions where id = ${session.id}`;
    expect(row).toEqual({ counter: 1, grace_uses: 10, ended_at: null });
    expect((await refresh(app, served[0]?.pair.refreshToken ?? '')).status).toBe(200);
  });

  test('gives the current token to whom the answer of the last minute was lost', async ({ app }) => {
    const { refreshToken } = await signIn(app, await buildSuperuser(app));
    const lost = await refresh(app, refreshToken);

    app.clock.advance(minute);
    const again = await refresh(app, refreshToken);

    expect(again.pair.refreshToken).toBe(lost.pair.refreshToken);
    expect((await refresh(app, again.pair.refreshToken)).status).toBe(200);
  });

  test('says REFRESH_REUSED to a replaced token after a minute, and ends the session for both its holders', async ({
    app,
    sql,
  }) => {
    const { refreshToken, accessToken, session } = await signIn(app, await buildSuperuser(app));
    const thief = await refresh(app, refreshToken);

    app.clock.advance(minute + 1);

    expect(await refresh(app, refreshToken)).toMatchObject({ status: 401, code: 'REFRESH_REUSED' });
    expect(await refresh(app, thief.pair.refreshToken)).toMatchObject({ status: 401, code: 'SESSION_ENDED' });
    expect(await knock(app, accessToken)).toEqual([401, 'SESSION_ENDED']);
    expect(await knock(app, thief.pair.accessToken)).toEqual([401, 'SESSION_ENDED']);
    const [row] = await sql`select end_reason from auth.sessions where id = ${session.id}`;
    expect(row).toEqual({ end_reason: 'refresh_reused' });
    const notes = [expect.objectContaining({ subject: `session:${session.id}` })];
    expect(auditOf(app, 'auth.refresh-session')).toContainEqual(
      expect.objectContaining({ code: 'REFRESH_REUSED', notes }),
    );
  });

  test('says REFRESH_REUSED to a token that was replaced twice, however soon', async ({ app }) => {
    const { refreshToken } = await signIn(app, await buildSuperuser(app));
    const second = await refresh(app, refreshToken);
    await refresh(app, second.pair.refreshToken);
    expect(await refresh(app, refreshToken)).toMatchObject({ status: 401, code: 'REFRESH_REUSED' });
  });

  test('says SESSION_ENDED once the session was not used for its idle time', async ({ app }) => {
    const { refreshToken } = await signIn(app, await buildSuperuser(app));
    app.clock.advance(7 * day - 1);
    const { pair } = await refresh(app, refreshToken);
    app.clock.advance(7 * day);
    expect(await refresh(app, pair.refreshToken)).toMatchObject({ status: 401, code: 'SESSION_ENDED' });
  });

  test('never carries a session past its absolute end', async ({ app }) => {
    const end = app.clock.now().getTime() + 30 * day * 1000;
    const username = await buildSuperuser(app);
    let { refreshToken } = await signIn(app, username);
    for (let week = 0; week < 4; week += 1) {
      app.clock.advance(7 * day - 1);
      ({ refreshToken } = (await refresh(app, refreshToken)).pair);
    }
    const last = await refresh(app, refreshToken);
    expect(Date.parse(last.pair.refreshTokenExpiresAt)).toBe(end);
    app.clock.advance((end - app.clock.now().getTime()) / 1000);
    expect(await refresh(app, last.pair.refreshToken)).toMatchObject({ status: 401, code: 'SESSION_ENDED' });
  });

  test('says SESSION_ENDED after a logout, and for an actor who was disabled', async ({ app, sql }) => {
    const username = await buildSuperuser(app);
    const [left, disabled] = [await signIn(app, username), await signIn(app, username)];
    await call(app, '/api/v1/auth/logout', { token: left.accessToken, body: {} });
    expect(await refresh(app, left.refreshToken)).toMatchObject({ status: 401, code: 'SESSION_ENDED' });
    await sql`update auth.actors set status = 'disabled' where login = ${username}`;
    expect(await refresh(app, disabled.refreshToken)).toMatchObject({ status: 401, code: 'SESSION_ENDED' });
  });

  test('says INVALID_REFRESH_TOKEN to what it did not make', async ({ app }) => {
    const { refreshToken, accessToken } = await signIn(app, await buildSuperuser(app));
    const forged = formatRefreshToken(Buffer.alloc(32), { sessionId: newId(), counter: 0 });
    for (const token of ['ar1.', 'x', forged, accessToken.slice(0, 200), `${refreshToken}=`, ` ${refreshToken}`]) {
      expect(await refresh(app, token)).toMatchObject({ status: 401, code: 'INVALID_REFRESH_TOKEN' });
    }
  });

  test('is counted by outcome', async ({ app }) => {
    await refresh(app, 'x');
    expect(await app.kernel.metrics.expose()).toMatch(/ashlar_auth_refreshes_total\{outcome="invalid"\} \d+/);
  });
});
