import { randomBytes } from 'node:crypto';

import { inject } from 'vitest';

import { openTestDatabase } from '#test/database.ts';
import { urlOf } from '#test/postgres-server.ts';
import { test as base } from '../e2e/program.ts';

/** What a program needs for a database that it does not start itself; starting and stopping are then quick. */
export type External = { readonly url: string; readonly env: Readonly<Record<string, string>> };

/** A migrated database of the test's own. */
export const test = base.extend<{ external: External }>({
  external: async ({}, use) => {
    const { ownerUrl, url, template } = inject('postgres');
    const { name, drop } = await openTestDatabase(template);
    await use({
      url: urlOf(url, name),
      env: {
        ASHLAR_DATABASE__MODE: 'external',
        ASHLAR_DATABASE__URL: urlOf(url, name),
        ASHLAR_DATABASE__OWNER_URL: urlOf(ownerUrl, name),
        ASHLAR_SECRETS__MASTER_KEY: randomBytes(32).toString('base64'),
        ASHLAR_RATE_LIMIT__FACTOR: '1000000',
      },
    });
    await drop();
  },
});
