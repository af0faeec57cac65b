import { describe, expect } from 'vitest';

import type { Database } from '#kernel/database/database.ts';
import { openSecrets } from '#kernel/secrets/secrets.ts';
import { noKeys } from '#test/build.ts';
import { test } from '#test/database.ts';
import { createKeyring } from './keyring.ts';

/** What one process loads when it starts with a master key of this byte. */
const start = async (database: Database, byte: number) => {
  const masterKey = Buffer.alloc(32, byte).toString('base64');
  const { secrets } = await openSecrets({ ...noKeys, masterKey }, database);
  const keyring = createKeyring({ database, secrets, now: () => new Date() });
  await keyring.load();
  return keyring.keys;
};

describe('the keyring', () => {
  test('is made once by processes that start at the same instant on an empty database', async ({ database, sql }) => {
    const [first, ...others] = await Promise.all([
      start(database, 1),
      ...Array.from({ length: 7 }, () => start(database, 1)),
    ]);

    expect(await sql`select state from auth.signing_keys order by state`).toEqual([
      { state: 'active' },
      { state: 'next' },
    ]);
    expect(await sql`select id from auth.root_secret`).toHaveLength(1);
    for (const other of others) {
      expect(other.refresh).toEqual(first.refresh);
      expect(other.signing.kid).toBe(first.signing.kid);
      expect(other.published).toEqual(first.published);
    }
  });

  test('leaves nothing readable in the database', async ({ database, sql }) => {
    await start(database, 1);
    for (const row of await sql`select public_jwk, private_sealed from auth.signing_keys`) {
      expect(row['public_jwk']).not.toHaveProperty('d');
      expect(Buffer.from(row['private_sealed']).includes('"d"')).toBe(false);
    }
  });

  test('refuses another master key, as a precondition', async ({ database }) => {
    await start(database, 1);
    await expect(start(database, 2)).rejects.toMatchObject({ code: 'MASTER_KEY_WRONG', kind: 'conflict' });
  });

  test('refuses a private key that was put in the place of another', async ({ database, sql }) => {
    await start(database, 1);
    const [active] = await sql`select private_sealed from auth.signing_keys where state = 'active'`;
    await sql`
      update auth.signing_keys set private_sealed = (select private_sealed from auth.signing_keys where state = 'next')
      where state = 'active'`;
    try {
      await expect(start(database, 1)).rejects.toMatchObject({ code: 'SECRET_UNREADABLE', kind: 'conflict' });
    } finally {
      await sql`update auth.signing_keys set private_sealed = ${active?.['private_sealed']} where state = 'active'`;
    }
  });
});
