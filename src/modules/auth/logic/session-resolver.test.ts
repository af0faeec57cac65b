import fc from 'fast-check';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { describe, expect } from 'vitest';

import type { Statement, Values } from '#kernel/database/statement.ts';
import { toAppError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import { test, type TestApp } from '#test/app.ts';
import { createAuthModule } from '../module.ts';
import { buildSuperuser, signIn } from '../testing/accounts.ts';
import type { Keys } from './keyring.ts';
import { createKeyring } from './keyring.ts';

const second = 1000;
const codeOf = async ({ sessions }: Pick<TestApp, 'sessions'>, token: string): Promise<string | null> =>
  sessions.resolve(token).then(
    () => null,
    (thrown: unknown) => toAppError(thrown).code,
  );

const keysOf = async ({ kernel }: TestApp): Promise<Keys> => {
  const keyring = createKeyring(kernel);
  await keyring.load();
  return keyring.keys;
};

/** The module as another process of the same installation has it. */
const openSecond = async ({ kernel, config }: TestApp, database = kernel.database) => {
  const module = createAuthModule({ kernel: { ...kernel, database, metrics: createMetrics() }, config: config.auth });
  await module.start?.();
  return module;
};

const base64url = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('the session resolver', () => {
  test('answers who acts', async ({ app }) => {
    const { accessToken, actor, session } = await signIn(app, await buildSuperuser(app));
    expect(await app.sessions.resolve(accessToken)).toMatchObject({
      type: 'admin',
      id: actor.id,
      sessionId: session.id,
      credentialId: null,
      method: 'session',
      isSuperuser: true,
      restriction: null,
      authenticatedAt: new Date(Math.floor(app.clock.now().getTime() / second) * second),
      permissions: new Set(),
    });
  });

  test('accepts no token of which a character is another, more, or less', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    await app.sessions.resolve(accessToken);
    const alphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. ');
    const mutation = fc.record({
      position: fc.nat(accessToken.length - 1),
      characters: fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 2 }),
    });
    await fc.assert(
      fc.asyncProperty(mutation, async ({ position, characters }) => {
        const mutated = accessToken.slice(0, position) + characters + accessToken.slice(position + 1);
        fc.pre(mutated !== accessToken);
        expect(await codeOf(app, mutated)).toBe('UNAUTHENTICATED');
      }),
      { numRuns: 10_000 },
    );
  });

  test('accepts no other spelling of the same bytes', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    const spellings = [`${accessToken}=`, `${accessToken}==`, ` ${accessToken}`, `${accessToken}\n`, `${accessToken}.`];
    // 64 bytes leave 4 bits of the last of 86 characters to spare.
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      spellings.push(accessToken.slice(0, -1) + last);
    }
    for (const spelling of spellings.filter((each) => each !== accessToken)) {
      expect(await codeOf(app, spelling)).toBe('UNAUTHENTICATED');
    }
  });

  test('accepts no token that says what we do not say, even if we signed it', async ({ app }) => {
    const { actor, session } = await signIn(app, await buildSuperuser(app));
    const { signing } = await keysOf(app);
    const now = Math.floor(app.clock.now().getTime() / second);
    const { issuer: iss, audience: aud } = app.config.auth.tokens;
    const payload = {
      iss,
      aud,
      sub: actor.id,
      sid: session.id,
      at: 'admin',
      ep: 0,
      auth_time: now,
      iat: now,
      exp: now + 60,
    };
    const header = { alg: 'Ed25519', typ: 'at+jwt', kid: signing.kid };
    const sign = (claims: object, head: object = {}) =>
      new SignJWT({ ...payload, ...claims }).setProtectedHeader({ ...header, ...head }).sign(signing.key);

    expect(await codeOf(app, await sign({}))).toBeNull();
    const wrongs = await Promise.all([
      sign({ iss: 'http://evil.example' }),
      sign({ aud: 'another' }),
      sign({ sub: 'root' }),
      sign({ at: 'superuser' }),
      sign({ ep: '0' }),
      sign({ sid: undefined }),
      sign({ exp: undefined }),
      sign({ nbf: now + 31 }),
      sign({}, { typ: 'JWT' }),
      sign({}, { typ: undefined }),
      sign({}, { kid: 'another' }),
      sign({}, { kid: undefined }),
      sign({ padding: 'x'.repeat(4096) }),
    ]);
    for (const wrong of wrongs) expect(await codeOf(app, wrong)).toBe('UNAUTHENTICATED');
    expect(await codeOf(app, await sign({ nbf: now + 29 }))).toBeNull();
  });

  test('accepts no token of another key, whatever its header offers, and none without a signature', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    const [, payload = ''] = accessToken.split('.');
    const { signing } = await keysOf(app);
    const { publicKey, privateKey } = await generateKeyPair('Ed25519');
    const jwk = await exportJWK(publicKey);
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const header = { alg: 'Ed25519', typ: 'at+jwt', kid: signing.kid };
    const forged = [
      await new SignJWT(claims).setProtectedHeader(header).sign(privateKey),
      await new SignJWT(claims).setProtectedHeader({ ...header, jwk }).sign(privateKey),
      await new SignJWT(claims).setProtectedHeader({ ...header, jku: 'http://127.0.0.1/keys' }).sign(privateKey),
      await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(Buffer.from(signing.kid)),
      `${base64url({ ...header, alg: 'none' })}.${payload}.`,
      `${base64url({ ...header, alg: 'none' })}.${payload}.AA`,
    ];
    for (const token of forged) expect(await codeOf(app, token)).toBe('UNAUTHENTICATED');
  });

  test('says TOKEN_EXPIRED once the token is too old, seen before or not, with 30 seconds for clocks apart', async ({
    app,
  }) => {
    const [seen, unseen] = [await signIn(app, await buildSuperuser(app)), await signIn(app, await buildSuperuser(app))];
    const issuedAt = Math.floor(app.clock.now().getTime() / second) * second;

    app.clock.advance((issuedAt - app.clock.now().getTime() - 1) / second + 930);
    expect(await codeOf(app, seen.accessToken)).toBeNull();
    app.clock.advance(1 / second);
    expect(await codeOf(app, seen.accessToken)).toBe('TOKEN_EXPIRED');
    expect(await codeOf(app, unseen.accessToken)).toBe('TOKEN_EXPIRED');
  });

  test('says SESSION_ENDED for a session that is over, an actor who is disabled, and an older epoch', async ({
    app,
    sql,
  }) => {
    const over = await signIn(app, await buildSuperuser(app));
    const disabled = await signIn(app, await buildSuperuser(app));
    const outdated = await signIn(app, await buildSuperuser(app));
    const unknown = await signIn(app, await buildSuperuser(app));
    const everyone = [over, disabled, outdated, unknown];
    for (const { accessToken } of everyone) expect(await codeOf(app, accessToken)).toBeNull();

    await sql`update auth.sessions set ended_at = now(), end_reason = 'logout' where id = ${over.session.id}`;
    await sql`update auth.actors set status = 'disabled' where id = ${disabled.actor.id}`;
    await sql`update auth.actors set epoch = epoch + 1 where id = ${outdated.actor.id}`;
    await sql`delete from auth.actors where id = ${unknown.actor.id}`;

    for (const { accessToken } of everyone) expect(await codeOf(app, accessToken)).toBe('SESSION_ENDED');
  });

  test('takes what another process of the same installation issued', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    const other = await openSecond(app);
    expect(await codeOf(other, accessToken)).toBeNull();
  });

  test('runs one prepared statement per request', async ({ app }) => {
    const { accessToken } = await signIn(app, await buildSuperuser(app));
    const names: string[] = [];
    const { database } = app.kernel;
    const watched = await openSecond(app, {
      ...database,
      lanes: Object.assign(Object.create(database.lanes), {
        runStatement: (statement: Statement, values: Values) => {
          names.push(`${statement.name}, ${statement.prepare ? 'prepared' : 'not prepared'}`);
          return database.lanes.runStatement(statement, values);
        },
      }),
    });
    names.length = 0;

    await watched.sessions.resolve(accessToken);
    await watched.sessions.resolve(accessToken);
    await expect(watched.sessions.resolve(newId())).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });

    expect(names).toEqual(['auth.find-signed-in-actor, prepared', 'auth.find-signed-in-actor, prepared']);
  });
});
