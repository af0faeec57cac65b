import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { toAppError } from '../error.ts';
import { describeConfig } from './describe.ts';
import { completeKernel } from './kernel-config.ts';
import { loadConfig } from './load-config.ts';
import { kernelSections } from './sections.ts';

const root = resolve(import.meta.dirname, '../../..');
const parts = { POSTGRES_HOST: 'db', POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'p@ss:/%', POSTGRES_DB: 'ash lar' };

/** The shipped production.yaml with all that it needs but a database. */
const load = (env: Record<string, string>) =>
  loadConfig({
    schema: z.strictObject(kernelSections()),
    complete: completeKernel,
    appEnv: 'production',
    directory: join(root, 'config'),
    root,
    env: {
      ASHLAR_HTTP__PUBLIC_URL: 'https://ashlar.example.com',
      ASHLAR_SECRETS__MASTER_KEY: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
      ...env,
    },
    flags: [],
  });
const database = (env: Record<string, string>) => load(env).config.database;

const refusal = (env: Record<string, string>): string => {
  try {
    load(env);
  } catch (thrown) {
    return toAppError(thrown).message;
  }
  return 'accepted';
};

test('the address is made of its parts, and config show says so', () => {
  const url = 'postgres://app:p%40ss%3A%2F%25@db:5432/ash%20lar?sslmode=require';
  expect(database({ ...parts, POSTGRES_SSL: 'require' })).toMatchObject({ url, ownerUrl: url, ssl: 'require' });
  const rows = describeConfig(load({ ...parts, POSTGRES_PORT: '6432' }));
  expect(rows).toContainEqual({
    path: 'database.url',
    value: '[secret]',
    origin: 'from database.host, database.port, database.user, database.password, database.name',
  });
  expect(rows.find(({ path }) => path === 'database.port')).toMatchObject({ value: 6432 });
  expect(rows.find(({ path }) => path === 'database.password')).toMatchObject({ value: '[secret]' });
});

test('the address gives every part back to whoever reads it, whatever characters it holds', () => {
  const text = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(text, text, text, (user, password, name) => {
      const env = { ...parts, POSTGRES_USER: user, POSTGRES_PASSWORD: password, POSTGRES_DB: name };
      const external = database(env);
      const url = new URL(external.mode === 'external' ? external.url : '');
      const read = [url.username, url.password, url.pathname.slice(1)].map(decodeURIComponent);
      expect(read).toEqual([user, password, name]);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ['2001:db8::7', 'postgres://app:p%40ss%3A%2F%25@[2001:db8::7]:5432/ash%20lar?sslmode=disable'],
  ['/run/pg', 'postgres://app:p%40ss%3A%2F%25@localhost:5432/ash%20lar?host=%2Frun%2Fpg&sslmode=disable'],
])('the address may lead to %s', (host, url) =>
  expect(database({ ...parts, POSTGRES_HOST: host })).toMatchObject({ url }),
);

test('the parts that are missing are named when only some are there', () => {
  const { POSTGRES_PASSWORD: _, ...rest } = parts;
  expect(refusal(rest)).toContain('database.password: set POSTGRES_PASSWORD too, or DATABASE_URL');
});

test('the address is DATABASE_URL if both are there', () => {
  expect(database({ ...parts, DATABASE_URL: 'postgres://u:p@other/db' })).toMatchObject({
    url: 'postgres://u:p@other/db?sslmode=disable',
  });
});

test('there is no direct way behind a pooler unless one is given', () => {
  const pooled = { ...parts, ASHLAR_DATABASE__POOLER: 'transaction' };
  expect(database(pooled)).toMatchObject({ directUrl: null });
  const direct = { ...pooled, ASHLAR_DATABASE__DIRECT_URL: 'postgres://u:p@db/x' };
  expect(database(direct)).toMatchObject({ directUrl: 'postgres://u:p@db/x?sslmode=disable' });
});

test.each([
  [{ DATABASE_URL: 'mysql://u:hunter2@db/x' }, 'database.url: not an address'],
  [{ DATABASE_URL: 'postgres://u:hun/ter2@db/x' }, 'database.url: not an address'],
  [{ DATABASE_URL: 'postgres://u:hunter2@db/x?sslmode=prefer' }, 'sslmode=prefer is not supported'],
  [{ DATABASE_URL: 'postgres://u:hunter2@db/x?sslmode=disable', POSTGRES_SSL: 'verify-full' }, 'make them agree'],
  [{ ...parts, POSTGRES_HOST: 'db/ashlar' }, 'database.host: must be'],
  [{ DATABASE_URL: 'postgres://db/x' }, 'database.url: not an address'],
  [{ ...parts, POSTGRES_PORT: 'many' }, 'database.port'],
  [{ ...parts, POSTGRES_SSL: 'on' }, 'database.ssl'],
  [{ ...parts, ASHLAR_DATABASE__MODE: 'embedded' }, 'database.mode is embedded'],
])('a bad address is refused without repeating a password: %j', (env, expected) => {
  const message = refusal(Object.fromEntries(Object.entries(env)));
  expect(message).toContain(expected);
  expect(message).not.toMatch(/hunter2|ter2|p@ss/);
});
