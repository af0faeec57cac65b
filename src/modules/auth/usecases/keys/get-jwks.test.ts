import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect } from 'vitest';
import { z } from 'zod';

import { test } from '#test/app.ts';
import { buildSuperuser, call, readAs, signIn } from '../../testing/accounts.ts';

const jwksShape = z.object({ keys: z.array(z.looseObject({ kty: z.literal('OKP') })) });

describe('get-jwks', () => {
  test('publishes the keys with which anybody can verify our access tokens', async ({ app }) => {
    const response = await call(app, '/.well-known/jwks.json');
    expect([response.status, response.headers.get('cache-control')]).toEqual([200, 'public, max-age=300']);
    const jwks = await readAs(response, jwksShape);

    const { accessToken, actor, session } = await signIn(app, await buildSuperuser(app));
    const { issuer, audience } = app.config.auth.tokens;
    const verified = await jwtVerify(accessToken, createLocalJWKSet(jwks), { issuer, audience, typ: 'at+jwt' });

    expect(verified.protectedHeader).toEqual({ alg: 'Ed25519', typ: 'at+jwt', kid: expect.any(String) });
    expect(verified.payload).toEqual({
      iss: issuer,
      aud: audience,
      sub: actor.id,
      sid: session.id,
      at: 'admin',
      ep: 0,
      amr: ['pwd'],
      auth_time: expect.any(Number),
      iat: expect.any(Number),
      exp: (verified.payload.iat ?? 0) + 900,
      jti: expect.any(String),
    });
  });

  test('publishes the next key beside the active one, and no private part', async ({ app }) => {
    const { keys } = await readAs(await call(app, '/.well-known/jwks.json'), jwksShape);
    expect(keys).toHaveLength(2);
    for (const key of keys) expect(Object.keys(key).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x']);
  });
});
