import { expect, test } from 'vitest';

import { loadAppConfig } from './config.ts';
import { listOwnEndpoints } from './own-endpoints.ts';
import { root } from './release.ts';

const load = (env: Readonly<Record<string, string>>) =>
  loadAppConfig({ root, env: { APP_ENV: 'test', ...env } }).config;
const placesOf = (...args: Parameters<typeof listOwnEndpoints>) =>
  listOwnEndpoints(...args).map(({ host, port }) => `${host} ${port}`);

test('what listens and what keeps data is ours: HTTP, metrics, database, Redis', () => {
  const env = {
    ASHLAR_HTTP__HOST: '0.0.0.0',
    ASHLAR_HTTP__METRICS_PORT: '9090',
    ASHLAR_DATABASE__MODE: 'external',
    ASHLAR_DATABASE__URL: 'postgres://app:secret@pooler.internal:6432/ashlar',
    ASHLAR_DATABASE__DIRECT_URL: 'postgres://app:secret@database.internal/ashlar',
    ASHLAR_REDIS__URL: 'rediss://:secret@cache.internal',
  };
  const { database, ...config } = load(env);
  const server = database.mode === 'external' ? database : null;

  expect(placesOf({ ...config, database }, server)).toEqual([
    '0.0.0.0 8080',
    '0.0.0.0 9090',
    'pooler.internal 6432',
    'pooler.internal 6432',
    'database.internal 5432',
    'cache.internal 6379',
  ]);
});

test('the embedded database is ours, on whichever port it runs', () => {
  const url = 'postgres://app:secret@127.0.0.1:51234/ashlar';

  expect(placesOf(load({}), { url, ownerUrl: url })).toContain('127.0.0.1 51234');
});
