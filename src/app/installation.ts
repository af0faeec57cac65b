import { join } from 'node:path';

import { stopEmbeddedPostgres } from '#kernel/database/embedded/open-embedded-postgres.ts';
import { parseEndpoint } from '#kernel/database/endpoint.ts';
import { createMigration } from '#kernel/database/migrate/create-migration.ts';
import { migrateDown } from '#kernel/database/migrate/migrate-down.ts';
import { migrateUp } from '#kernel/database/migrate/migrate-up.ts';
import { migrationStatus } from '#kernel/database/migrate/migration-status.ts';
import type { Observer } from '#kernel/database/observer.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import type { Installation, Migrations } from '#modules/platform/deps.ts';
import type { AppConfig } from './config.ts';
import type { DatabaseServer } from './database-server.ts';
import { examine } from './examine.ts';
import { root } from './release.ts';

const directory = join(root, 'migrations');

/** Applies what is pending; answers the names of the files. */
export const migrate = async ({ ownerUrl, url }: DatabaseServer, log: Logger): Promise<readonly string[]> => {
  const { applied } = await migrateUp({ ownerUrl, appRole: parseEndpoint(url).user, directory, log });
  return applied.map(({ name }) => name);
};

type Parts = {
  readonly config: AppConfig;
  /** Null where the command that runs does not require it. */
  readonly server: DatabaseServer | null;
  readonly log: Logger;
  readonly observer: Observer;
  readonly describeConfig: Installation['describeConfig'];
};

export const createInstallation = ({ config, server, log, observer, describeConfig }: Parts): Installation => ({
  describeConfig,
  examine: (tables) => examine({ config, log, observer, tables, rows: describeConfig(), directory }),
  migrations: createMigrations(config, server, log),
  stopEmbeddedDatabase:
    config.database.mode === 'embedded'
      ? () => stopEmbeddedPostgres({ dataDirectory: join(config.dataDirectory, 'postgres'), log })
      : null,
});

const createMigrations = ({ isProduction }: AppConfig, server: DatabaseServer | null, log: Logger): Migrations => {
  const needServer = (): DatabaseServer => {
    if (server) return server;
    throw new Error('the head of this command does not require the database that it uses');
  };
  return {
    up: () => migrate(needServer(), log),
    down: async (options) => {
      const { undone } = await migrateDown({ ...options, ...needServer(), directory, log, isProduction });
      return undone;
    },
    status: async () => {
      const statuses = await migrationStatus({ ...needServer(), directory });
      return statuses.map(({ name, state, appliedAt }) => ({
        name,
        state,
        appliedAt: appliedAt?.toISOString() ?? null,
      }));
    },
    create: (migration) => createMigration({ ...migration, ...needServer(), directory, now: new Date() }),
  };
};
