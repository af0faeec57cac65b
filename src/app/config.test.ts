import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';

import { valueAt } from '#kernel/config/config-tree.ts';
import { listSettings } from '#kernel/config/settings.ts';
import { toAppError } from '#kernel/error.ts';
import { configSchema, loadAppConfig } from './config.ts';

const root = resolve(import.meta.dirname, '../..');
const load = (env: Record<string, string>, flags: Record<string, string> = {}) => loadAppConfig({ root, env, flags });
const configOf = (env: Record<string, string>) => load(env).config;

const messageOf = (env: Record<string, string>): string => {
  try {
    load(env);
  } catch (thrown) {
    return toAppError(thrown).message;
  }
  return 'accepted';
};

const publicUrl = { ASHLAR_HTTP__PUBLIC_URL: 'https://ashlar.example.com' };
const masterKey = { ASHLAR_SECRETS__MASTER_KEY: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=' };
const guarded = { ...publicUrl, ...masterKey };
const parts = { POSTGRES_HOST: 'db', POSTGRES_USER: 'app', POSTGRES_PASSWORD: 'a password', POSTGRES_DB: 'ashlar' };

describe('the shipped files', () => {
  test('local and test need no variable, and local is the default', () => {
    expect(configOf({})).toMatchObject({
      appEnv: 'local',
      isProduction: false,
      dataDirectory: join(root, 'data'),
      database: { mode: 'embedded' },
      http: { host: '127.0.0.1', port: 8080, publicUrl: 'http://127.0.0.1:8080' },
      auth: { tokens: { issuer: 'http://127.0.0.1:8080', audience: 'ashlar' } },
    });
    expect(configOf({ APP_ENV: 'test' }).logger.level).toBe('error');
  });

  test.each(['staging', 'production'])('%s without its secrets names every missing one', (appEnv) => {
    const message = messageOf({ APP_ENV: appEnv });
    const names = ['DATABASE_URL', 'POSTGRES_HOST', 'POSTGRES_USER', 'POSTGRES_PASSWORD', 'POSTGRES_DB'];
    for (const name of [...names, ...Object.keys(guarded), 'ASHLAR_SECRETS__MASTER_KEY_FILE']) {
      expect(message).toContain(name);
    }
    expect(message).toMatch(/^CONFIG_INVALID: .* 3 problems:\n/);
  });

  test.each(['staging', 'production'])('%s starts with the names that operators know', (appEnv) => {
    const { http, redis, database, isProduction } = configOf({
      APP_ENV: appEnv,
      ...guarded,
      DATABASE_URL: 'postgres://app:secret@db:5433/ashlar',
      DATABASE_OWNER_URL: 'postgresql://owner:secret@db:5433/ashlar',
      REDIS_URL: 'redis://cache:6379',
      CORS_ALLOWED_ORIGINS: 'https://a.example.com, https://b.example.com:8443',
    });
    expect(isProduction).toBe(appEnv === 'production');
    expect(http.cors.allowedOrigins).toEqual(['https://a.example.com', 'https://b.example.com:8443']);
    expect(redis.url).toBe('redis://cache:6379');
    expect(database).toMatchObject({
      mode: 'external',
      url: 'postgres://app:secret@db:5433/ashlar?sslmode=disable',
      ownerUrl: 'postgresql://owner:secret@db:5433/ashlar?sslmode=disable',
      directUrl: 'postgres://app:secret@db:5433/ashlar?sslmode=disable',
    });
  });
});

describe('what production refuses', () => {
  const production = { APP_ENV: 'production', ...guarded, ...parts };

  test('an address that is not https', () => {
    expect(messageOf({ ...production, ASHLAR_HTTP__PUBLIC_URL: 'http://a.example.com' })).toContain('must be https');
  });

  test('a master key file that is missing or open to all, and two master keys', () => {
    const directory = mkdtempSync(join(tmpdir(), 'ashlar-key-'));
    const file = join(directory, 'master.key');
    const env = { APP_ENV: 'production', ...publicUrl, ...parts, ASHLAR_SECRETS__MASTER_KEY_FILE: file };
    expect(messageOf(env)).toContain(`there is no file ${file}`);
    writeFileSync(file, 'x'.repeat(32), { mode: 0o644 });
    expect(messageOf(env)).toContain('chmod 600');
    writeFileSync(join(directory, 'closed.key'), 'x'.repeat(32), { mode: 0o600 });
    const closed = { ...env, ASHLAR_SECRETS__MASTER_KEY_FILE: join(directory, 'closed.key') };
    expect(configOf(closed).secrets.masterKeyFile).toBe(join(directory, 'closed.key'));
    expect(messageOf({ ...closed, ...masterKey })).toContain('give one of them');
    rmSync(directory, { recursive: true });
  });
});

describe('single settings', () => {
  test.each([
    ['ASHLAR_HTTP__PUBLIC_URL', 'https://a.example.com/ashlar', 'scheme, host and port alone'],
    ['ASHLAR_HTTP__PUBLIC_URL', 'ftp://a.example.com', 'http.publicUrl'],
    ['ASHLAR_HTTP__TRUSTED_PROXIES', '10.0.0.0/33', 'not an address or network'],
    ['ASHLAR_HTTP__TRUSTED_PROXIES', '10.0.0', 'not an address or network'],
    ['ASHLAR_HTTP__CORS__ALLOWED_ORIGINS', '*', 'not an origin'],
    ['ASHLAR_HTTP__CORS__ALLOWED_ORIGINS', 'https://a.example.com/', 'not an origin'],
    ['ASHLAR_HTTP__HOST', 'a b', 'not a host name'],
    ['ASHLAR_HTTP__HOST', '1.2.3.4.5', 'not a host name'],
    ['ASHLAR_HTTP__HOST', 'fe80::1%eth0', 'not a host name'],
    ['ASHLAR_TELEMETRY__OTLP_ENDPOINT', 'http://u:p@collector', 'no user or password'],
    ['ASHLAR_HTTP__PORT', '65536', 'http.port'],
    ['ASHLAR_HTTP__PORT', '*x', 'http.port'],
    ['ASHLAR_AUTH__PASSWORD__MEMORY_KIB', '19455', 'auth.password.memoryKiB'],
    ['ASHLAR_AUTH__PASSWORD__MIN_LENGTH', '7', 'auth.password.minLength'],
    ['ASHLAR_AUTH__PASSWORD__HASH_CONCURRENCY', 'all', 'auto or a number'],
    ['ASHLAR_AUTH__TOKENS__REFRESH_GRACE_SECONDS', '301', 'auth.tokens.refreshGraceSeconds'],
    ['ASHLAR_AUTH__TOKENS__IDLE_DAYS', '31', 'must not be more than absoluteDays'],
    ['ASHLAR_REDIS__URL', 'http://cache', 'redis.url'],
    ['ASHLAR_MAIL__SMTP_URL', 'http://relay', 'not an address such as smtp://'],
    ['ASHLAR_MAIL__SMTP_URL', 'smtp://robot@relay', 'not an address such as smtp://'],
    ['ASHLAR_MAIL__SMTP_URL', 'smtp://relay/?tls=no', 'not an address such as smtp://'],
    ['ASHLAR_MAIL__SMTP_URL', 'smtp://robot:50%off@relay', 'not an address such as smtp://'],
    ['ASHLAR_MAIL__FROM', 'Ashlar', 'not an address such as Ashlar <'],
    ['ASHLAR_MAIL__FROM', 'Ashlar <a@example.com>, b@example.com', 'not an address such as Ashlar <'],
    ['ASHLAR_MAIL__FROM', 'A\r\nBcc: b@example.com <a@example.com>', 'not an address such as Ashlar <'],
    ['ASHLAR_MAIL__DRIVER', 'smtp', 'set ASHLAR_MAIL__SMTP_URL too'],
    ['ASHLAR_MAIL__DRIVER', 'smtp', 'set ASHLAR_MAIL__FROM too'],
  ])('%s=%s is refused', (name, value, expected) => expect(messageOf({ [name]: value })).toContain(expected));

  test.each(['smtp://relay', 'smtps://robot:p%40ss@relay:465/', 'smtp://[::1]:25'])('%s is an SMTP server', (url) => {
    const env = { ASHLAR_MAIL__DRIVER: 'smtp', ASHLAR_MAIL__SMTP_URL: url, ASHLAR_MAIL__FROM: 'a@example.com' };
    expect(configOf(env).mail.smtpUrl).toBe(url);
  });

  test('addresses of both families and single ones are networks', () => {
    const networks = ['10.0.0.0/8', 'fd00::/8', '2001:db8::', '192.0.2.7'];
    expect(configOf({ ASHLAR_HTTP__TRUSTED_PROXIES: networks.join(',') }).http.trustedProxies).toEqual(networks);
  });

  test('relative paths start at the root, wherever the program was started', () => {
    const { dataDirectory, logger } = configOf({
      ASHLAR_DATA_DIRECTORY: 'var/x',
      ASHLAR_LOGGER__OUTPUT: 'logs/a.log',
    });
    expect([dataDirectory, logger.output]).toEqual([join(root, 'var/x'), join(root, 'logs/a.log')]);
  });

  test.each([
    ['ASHLAR_SECRETS__MASTER_KEY', 'short-but-16-long', 'base64'],
    ['ASHLAR_SECRETS__MASTER_KEY_FILE', '/nonexistent', 'there is no file'],
  ])('%s that the start would refuse is refused here too', (name, value, reason) => {
    expect(messageOf({ [name]: value })).toContain(reason);
  });

  test('the public address follows host and port until one is given', () => {
    expect(load({}, { 'http.host': '0.0.0.0', 'http.port': '81' }).config.http.publicUrl).toBe('http://127.0.0.1:81');
    expect(load({}, { 'http.host': '::1' }).config.http.publicUrl).toBe('http://[::1]:8080');
  });
});

describe('variables', () => {
  const settings = listSettings(configSchema());

  test('no two settings share one, and each is written in capitals', () => {
    expect(settings.byVariable.size).toBe(settings.byPath.size);
    for (const name of settings.byVariable.keys())
      expect(name).toMatch(/^ASHLAR(_[A-Z0-9]+)+(__[A-Z0-9]+(_[A-Z0-9]+)*)*$/);
  });

  const words = fc.stringMatching(/^[\w .:/*&!%@#{}'"-]{1,20}$/).filter((text) => text.trim() !== '');
  const values = fc.record({
    'http.port': fc.integer({ min: 0, max: 65_535 }),
    'telemetry.sampleRatio': fc.double({ min: 0, max: 1, noNaN: true }),
    'telemetry.serviceName': words,
    // zod leaves out a key that would be no entry but the prototype.
    'telemetry.headers': fc
      .dictionary(
        words.filter((name) => name !== '__proto__'),
        words,
      )
      .map((headers) => ({ a: 'b', ...headers })),
    'logger.level': fc.constantFrom('trace', 'warn', 'silent'),
    'http.trustedProxies': fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { minLength: 1 }),
    'auth.password.hashConcurrency': fc.oneof(fc.constant('auto'), fc.integer({ min: 1, max: 64 })),
  });

  test('what is written into a variable comes out as the same value', () => {
    fc.assert(
      fc.property(values, (given) => {
        const texts = Object.entries(given).map(([path, value]) => {
          const text = typeof value === 'string' ? value : stringify(value, { collectionStyle: 'flow' }).trim();
          return [settings.byPath.get(path)?.variable, text];
        });
        const config = configOf(Object.fromEntries(texts));
        for (const [path, value] of Object.entries(given)) expect(valueAt(config, path)).toEqual(value);
      }),
      { numRuns: 100 },
    );
  });
});
