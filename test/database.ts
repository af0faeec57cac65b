import { randomBytes } from 'node:crypto';

import { inject, test as base } from 'vitest';

import { openDatabase } from '#kernel/database/open-database.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';
import { urlOf } from '#test/postgres-server.ts';

/** Makes a database from `template`; dropped by the function that it answers, with whoever is still connected. */
export const openTestDatabase = async (template: string): Promise<{ readonly name: string; drop(): Promise<void> }> => {
  const { adminUrl, ownerUrl } = inject('postgres');
  const name = `ashlar_test_${Math.floor(Date.now() / 1000)}_${randomBytes(5).toString('hex')}`;
  const admin = await openSession({ url: adminUrl, name: 'test' });
  await admin.sql.unsafe(`create database ${name} template ${template} owner ${new URL(ownerUrl).username}`);
  return {
    name,
    drop: async () => {
      await admin.sql.unsafe(`drop database if exists ${name} with (force)`);
      await admin.close();
    },
  };
};

/**
 * A migrated database for each test file. The tests of a file share it, so none may count on finding it empty:
 * make what you need under names of your own.
 */
export const test = base
  .extend('databaseName', { scope: 'file' }, async ({}, { onCleanup }) => {
    const { name, drop } = await openTestDatabase(inject('postgres').template);
    onCleanup(drop);
    return name;
  })
  /** As the role that runs the program. */
  .extend('databaseUrl', { scope: 'file' }, ({ databaseName }) => urlOf(inject('postgres').url, databaseName))
  /** As the role that migrates. */
  .extend('ownerUrl', { scope: 'file' }, ({ databaseName }) => urlOf(inject('postgres').ownerUrl, databaseName))
  /** For assertions, as the owner. */
  .extend('sql', { scope: 'file' }, async ({ ownerUrl }, { onCleanup }) => {
    const session = await openSession({ url: ownerUrl, name: 'test' });
    onCleanup(() => session.close());
    return session.sql;
  })
  .extend('database', { scope: 'file' }, async ({ databaseUrl }, { onCleanup }) => {
    const database = await openDatabase({
      url: databaseUrl,
      log: buildLog(),
      metrics: noMetrics,
      telemetry: noTelemetry,
    });
    onCleanup(() => database.close());
    return database;
  });
