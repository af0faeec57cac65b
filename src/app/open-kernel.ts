import { join } from 'node:path';

import { describeConfig } from '#kernel/config/describe.ts';
import type { LoadedConfig } from '#kernel/config/load-config.ts';
import type { Database } from '#kernel/database/database.ts';
import { openEmbeddedPostgres } from '#kernel/database/embedded/open-embedded-postgres.ts';
import { openDatabase } from '#kernel/database/open-database.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import { type Logger, type OpenLogger, openLogger } from '#kernel/observability/logger.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import type { Metrics } from '#kernel/observability/metrics.ts';
import { openTelemetry } from '#kernel/observability/open-telemetry.ts';
import type { Telemetry } from '#kernel/observability/telemetry.ts';
import { openSecrets } from '#kernel/secrets/secrets.ts';
import type { Installation } from '#modules/platform/deps.ts';
import type { AppConfig } from './config.ts';
import { createKernel } from './create-kernel.ts';
import { keySource } from './key-source.ts';
import type { DatabaseServer } from './database-server.ts';
import { createInstallation, migrate } from './installation.ts';
import { listOwnEndpoints } from './own-endpoints.ts';
import { release } from './release.ts';
import { unopenedDatabase, unopenedSecrets } from './unopened.ts';

type Options = {
  readonly loaded: LoadedConfig<AppConfig>;
  /** The subcommand; `command` for a one-off one. */
  readonly role: string;
  /** How far to go: `config`, `database` (it runs) or `migrations` (it is migrated, and connected). */
  readonly requires: string;
};

type Opened = { readonly kernel: Kernel; readonly installation: Installation };

/** Opens what everything stands on, in this order: log, traces, database server, migrations, connections, secrets. */
export const openKernel = async (lifecycle: Lifecycle, { loaded, role, requires }: Options): Promise<Opened> => {
  const { config } = loaded;
  const { log, recent } = await openLog(lifecycle, config, role);
  const telemetry = await openTraces(lifecycle, { config, role, log });
  const metrics = createMetrics();
  const server = requires === 'config' ? null : await openServer(lifecycle, config, log);
  const isReady = server !== null && requires === 'migrations';

  if (isReady) await migrate(server, log);
  const database = isReady ? await connect(lifecycle, { config, server, log, metrics, telemetry }) : unopenedDatabase;
  const opened = isReady ? await openSecrets(keySource(config), database) : unopenedSecrets;

  const kernel = await createKernel(lifecycle, {
    config,
    recent,
    role: roleIn(isReady, role),
    now: () => new Date(),
    log,
    metrics,
    telemetry,
    database,
    opened,
    connection: { url: directUrlOf(config) ?? server?.url ?? '', isPooled: isPooled(config) },
    ownEndpoints: () => listOwnEndpoints(config, server),
  });
  return {
    kernel,
    installation: createInstallation({
      config,
      server,
      log,
      observer: { metrics, telemetry },
      describeConfig: () => describeConfig(loaded),
    }),
  };
};

/** A one-off command is no running process, and neither is what never reaches the database. */
const roleIn = (isReady: boolean, role: string): string | null => (isReady && role !== 'command' ? role : null);

const openLog = (lifecycle: Lifecycle, { logger }: AppConfig, role: string): Promise<OpenLogger> => {
  // A one-off command's stdout is for its answer, and its stderr for what went wrong.
  const place = role === 'command' && logger.output === 'stdout' ? { output: 'stderr', level: 'warn' as const } : {};
  return lifecycle.open(
    'log',
    () => openLogger({ ...logger, ...place, release, role }),
    (opened) => opened.close(),
  );
};

type Traced = { readonly config: AppConfig; readonly role: string; readonly log: Logger };

const openTraces = (lifecycle: Lifecycle, { config: { telemetry }, role, log }: Traced): Promise<Telemetry> => {
  const { otlpEndpoint = null, headers = {}, sampleRatio, serviceName } = telemetry;
  return lifecycle.open(
    'traces',
    () => openTelemetry({ otlpEndpoint, headers, sampleRatio, serviceName, release, role, log }),
    (opened) => opened.close(),
  );
};

const openServer = async (lifecycle: Lifecycle, config: AppConfig, log: Logger): Promise<DatabaseServer> => {
  const { database, dataDirectory } = config;
  if (database.mode === 'external') return database;
  const { user, port } = database.embedded;
  return lifecycle.open(
    'embedded PostgreSQL',
    () => openEmbeddedPostgres({ dataDirectory: join(dataDirectory, 'postgres'), log, user, port }),
    (server) => server.close(),
  );
};

type Connect = {
  readonly config: AppConfig;
  readonly server: DatabaseServer;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
};

const connect = (lifecycle: Lifecycle, { config, server, ...observed }: Connect): Promise<Database> => {
  const { lanes, transactions } = config.database;
  return lifecycle.open(
    'database',
    () => openDatabase({ url: server.url, lanes, transactions, ...observed }),
    (database) => database.close(),
  );
};

const directUrlOf = ({ database }: AppConfig): string | null =>
  database.mode === 'external' ? database.directUrl : null;

const isPooled = (config: AppConfig): boolean =>
  config.database.pooler === 'transaction' && directUrlOf(config) === null;
