import { DrizzleQueryError } from 'drizzle-orm/errors';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { AppError } from '../error.ts';
import { type Logger, openLogger } from './logger.ts';
import { createRedactor } from './redact.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-redact-'));
});
afterAll(() => rm(folder, { recursive: true }));

const planted = 'pl4nted-S3cret-value';
const token = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.${planted}`;

const places: Record<string, (log: Logger) => void> = {
  'a password': (log) => log.info({ password: planted }),
  'a key of any spelling': (log) => log.info({ NEW_PASSWORD: planted, 'client-secret': planted, apiKey: planted }),
  tokens: (log) => log.info({ accessToken: planted, refresh_token: planted, tokens: [planted] }),
  headers: (log) => log.info({ headers: { authorization: planted, cookie: planted, 'set-cookie': [planted] } }),
  'a master key as a number or an object': (log) => log.info({ masterKey: { value: planted } }),
  'deep inside of lists': (log) => log.info({ a: [{ b: { c: [{ passphrase: planted }] } }] }),
  'deeper than anybody looks': (log) => log.info({ a: { b: { c: { d: { e: { f: { g: { x: planted } } } } } } } }),
  'a child of the logger': (log) =>
    log
      .child({ request: { token: planted } })
      .child({ secret: planted })
      .info('x'),
  'what an object calls its JSON': (log) => log.info({ body: { toJSON: () => ({ password: planted }) } }),
  bytes: (log) => log.info({ bytes: Buffer.from(planted) }),
  'details of an error': (log) => log.error(new AppError('X', { kind: 'invalid', details: { token: planted } })),
  'fields of a foreign error': (log) =>
    log.error({ err: Object.assign(new Error('x'), { parameters: [planted], config: { planted } }) }),
  'a cause': (log) => log.error({ err: new Error('x', { cause: { password: planted } }) }),
  'the parameters of a failed query': (log) =>
    log.error(new DrizzleQueryError('select $1', [`a "b"\n${planted}`], new Error('no'))),
  'a connection string': (log) => log.error(`cannot connect to postgres://ashlar:${planted}@db:5432/ashlar`),
  'a connection string in a cause': (log) =>
    log.error({ err: new Error('x', { cause: new Error(`redis://:${planted}@cache`) }) }),
  'a bearer header in a text': (log) => log.warn(`refused Authorization: Bearer ${planted}`),
  'a token in a text': (log) => log.warn({ url: `/callback?x=${token}` }, `no ${token}`),
};

test.each(Object.entries(places))('writes no secret: %s', async (name, plant) => {
  for (const format of ['json', 'pretty'] as const) {
    const place = join(folder, `${format}-${name.replaceAll(' ', '-')}`);
    const rotation = { sizeMegabytes: 1, frequency: 'daily' as const, keep: 1 };
    const { log, close } = await openLogger({
      level: 'info',
      format,
      output: join(place, 'x.log'),
      rotation,
      release: '1',
      role: 'r',
    });
    plant(log);
    await close();
    const [file = ''] = await readdir(place);
    const shown = await readFile(join(place, file), 'utf8');
    expect(shown).not.toBe('');
    expect(shown).not.toContain(planted);
    expect(shown).not.toContain(Array.from(Buffer.from(planted)).join(','));
  }
});

test('control: the planted secret is found under a name that tells nothing', async () => {
  const { loggable } = createRedactor();
  expect(JSON.stringify(loggable({ remark: planted }))).toContain(planted);
});

test('leaves alone what only speaks of secrets', () => {
  const { loggable, scrub } = createRedactor();
  const fields = {
    hasPassword: true,
    token: null,
    code: 'TOKEN_EXPIRED',
    tokenCount: 3,
    url: 'http://127.0.0.1:8080/docs',
  };
  expect(loggable(fields)).toBe(fields);
  const line = JSON.stringify(fields);
  expect(scrub(line)).toBe(line);
});

test('a line made to be slow is scrubbed as fast as its length allows', () => {
  const { scrub } = createRedactor();
  const hostile = `"${'://a:'.repeat(20_000)}${'eyJ'.repeat(20_000)}${'Bearer '.repeat(10_000)}"`;
  const startedAt = performance.now();
  scrub(hostile);
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
