import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { openEmbeddedPostgres } from '#kernel/database/embedded/open-embedded-postgres.ts';
import { migrateUp } from '#kernel/database/migrate/migrate-up.ts';
import { readMigrations } from '#kernel/database/migrate/migration.ts';
import { openSession, type Session } from '#kernel/database/open-session.ts';
import { buildLog } from '#test/build.ts';

export const migrationsDirectory = fileURLToPath(new URL('../migrations', import.meta.url));
const dataDirectory = fileURLToPath(new URL('../node_modules/.cache/ashlar-test', import.meta.url));

/** What every test file needs to make a database of its own; plain data, since it goes to other processes. */
export type TestServer = {
  /** The superuser, at a maintenance database. */
  readonly adminUrl: string;
  readonly ownerUrl: string;
  readonly url: string;
  /** The migrated database that test files clone. */
  readonly template: string;
};

/** One PostgreSQL for all test runs at once; its directory stays, so that only the first run sets it up. */
export const openTestServer = async (): Promise<{ readonly server: TestServer; close(): Promise<void> }> => {
  const log = buildLog();
  const postgres = await openEmbeddedPostgres({ dataDirectory, log });
  const admin = await openSession({ url: postgres.adminUrl, name: 'test setup' });
  try {
    const template = await ensureTemplate(admin, postgres);
    await dropLeftovers(admin, template);
    const { adminUrl, ownerUrl, url } = postgres;
    return { server: { adminUrl, ownerUrl, url, template }, close: () => postgres.close() };
  } catch (thrown) {
    await postgres.close();
    throw thrown;
  } finally {
    await admin.close();
  }
};

type Urls = { readonly ownerUrl: string; readonly url: string };

/** The template's name is a digest of the migrations, so that it is made again when one changes, and only then. */
const ensureTemplate = async ({ sql }: Session, { ownerUrl, url }: Urls): Promise<string> => {
  const checksums = (await readMigrations(migrationsDirectory)).map(({ name, checksum }) => `${name} ${checksum}`);
  const name = `ashlar_template_${createHash('sha256').update(checksums.join('\n')).digest('hex').slice(0, 16)}`;
  // Two test runs may begin at once: the second waits, and finds the template.
  await sql`select pg_advisory_lock(hashtext('ashlar test template'))`;
  const owner = new URL(ownerUrl).username;
  const isReady = await sql`
    select from pg_database d join pg_shdescription s on s.objoid = d.oid and s.classoid = 'pg_database'::regclass
    where d.datname = ${name}`;
  if (isReady.length === 0) {
    await sql.unsafe(`drop database if exists ${name} with (force)`);
    await sql.unsafe(`create database ${name} owner ${owner}`);
    const appRole = new URL(url).username;
    await migrateUp({ ownerUrl: urlOf(ownerUrl, name), appRole, directory: migrationsDirectory, log: buildLog() });
  }
  // The comment says that the template is complete, and when it was last used.
  await sql.unsafe(`comment on database ${name} is '${new Date().toISOString()}'`);
  await sql`select pg_advisory_unlock(hashtext('ashlar test template'))`;
  return name;
};

/** Databases of runs that were killed an hour ago or earlier, and templates that nobody used for a day. */
const dropLeftovers = async ({ sql }: Session, template: string): Promise<void> => {
  const names = await sql<{ name: string }[]>`
    select datname as name from pg_database d
    where (datname ~ '^ashlar_test_[0-9]+_' and to_timestamp(split_part(datname, '_', 3)::bigint) < now() - interval '1 hour')
      or (datname ~ '^ashlar_template_' and datname <> ${template}
        and coalesce(shobj_description(d.oid, 'pg_database')::timestamptz < now() - interval '1 day', false))`;
  for (const { name } of names) await sql.unsafe(`drop database if exists ${name} with (force)`);
};

/** The same server and role, another database. */
export const urlOf = (url: string, database: string): string =>
  Object.assign(new URL(url), { pathname: `/${database}` }).href;
