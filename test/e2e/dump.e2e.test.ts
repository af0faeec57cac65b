import { readFile } from 'node:fs/promises';

import type { Sql } from 'postgres';
import { expect } from 'vitest';

import { openOwner } from './database.ts';
import { createSuperuser, password, post, signIn, test } from './program.ts';

/** Every row of every table as text, in which bytes stand as hexadecimal digits. */
const dump = async (sql: Sql): Promise<string> => {
  const tables = await sql<{ name: string }[]>`
    select format('%I.%I', schemaname, tablename) as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema')`;
  const lines: string[] = [];
  for (const { name } of tables) {
    const rows = await sql.unsafe<{ line: string }[]>(`select t::text as line from ${name} t`);
    lines.push(name, ...rows.map(({ line }) => line));
  }
  return lines.join('\n');
};

test(
  'no password, token, key or named secret stands in a dump of the database',
  { timeout: 60_000 },
  async ({ place }) => {
    const server = await place.start(['run-all-in-one']);
    await createSuperuser(place);
    const { accessToken, refreshToken } = await signIn(server.url);
    const headers = { authorization: `Bearer ${accessToken}`, 'idempotency-key': 'planted' };
    const value = 'a planted and named secret';
    const secrets = `${server.url}/api/v1/platform/secrets`;
    const answers = [
      await post(secrets, { name: 'planted', value }, headers),
      await post(secrets, { name: 'planted', value }, headers),
      await post(secrets, { name: 'planted', value: [value] }, { ...headers, 'idempotency-key': 'refused' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 400]);
    expect(answers[1]?.headers.get('idempotency-replayed')).toBe('true');
    server.kill('SIGTERM');
    await server.exited;
    // The database of a program that stopped has stopped too.
    const next = await place.start(['run-all-in-one']);
    const owner = await openOwner(place);
    const text = await dump(owner);
    await owner.end();
    next.kill('SIGTERM');
    await next.exited;
    const masterKey = (await readFile(`${place.dataDirectory}/keys/master.key`, 'utf8')).trim();

    expect(text).toContain('platform.create-secret');
    for (const secret of [password, value, accessToken, refreshToken, masterKey]) {
      const bytes = Buffer.from(secret);
      for (const form of [secret, bytes.toString('hex'), bytes.toString('base64')]) expect(text).not.toContain(form);
    }
    expect(text).not.toContain(Buffer.from(masterKey, 'base64').toString('hex'));
  },
);
