import { expect, test } from 'vitest';

import { examineSettings } from './examine-settings.ts';

const row = (path: string, value: unknown, origin: string) => ({ path, value, origin });

test('a secret that stands in a file is named with its line, one that comes from elsewhere is not', () => {
  const rows = [
    row('secrets.masterKey', '[secret]', 'config/local.yaml:7'),
    row('database.url', '[secret]', 'DATABASE_URL (config/production.yaml:12)'),
    row('redis.url', '[secret]', 'ASHLAR_REDIS__URL'),
    row('http.port', 8080, 'config/local.yaml:3'),
  ];
  expect(examineSettings(rows)).toMatchObject([
    { severity: 'warning', message: 'secrets.masterKey stands in config/local.yaml:7' },
  ]);
  expect(examineSettings(rows.slice(1))).toMatchObject([{ severity: 'ok' }]);
});
