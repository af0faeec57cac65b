import { join } from 'node:path';

import type { ConfigRow } from '#kernel/config/describe.ts';
import type { Database } from '#kernel/database/database.ts';
import { detectPooler } from '#kernel/database/detect-pooler.ts';
import { listMissingLinks, repairLinks } from '#kernel/database/embedded/binaries.ts';
import { exists, findHome } from '#kernel/database/embedded/home.ts';
import { openEmbeddedPostgres } from '#kernel/database/embedded/open-embedded-postgres.ts';
import { countProcesses, findDatabaseFacts } from '#kernel/database/facts.ts';
import { migrationStatus } from '#kernel/database/migrate/migration-status.ts';
import type { Observer } from '#kernel/database/observer.ts';
import { openDatabase } from '#kernel/database/open-database.ts';
import { examineDataDirectory, examineNode, examineSpace } from '#kernel/doctor/examine-host.ts';
import { examineKeys } from '#kernel/doctor/examine-keys.ts';
import { examinePort, examineService, type Service } from '#kernel/doctor/examine-network.ts';
import { examineSettings } from '#kernel/doctor/examine-settings.ts';
import { examineWork } from '#kernel/doctor/examine-work.ts';
import { type Finding, type Repairable, reportOn } from '#kernel/doctor/finding.ts';
import { judgeDatabase } from '#kernel/doctor/judge-database.ts';
import { toAppError } from '#kernel/error.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import manifest from '../../package.json' with { type: 'json' };
import type { AppConfig } from './config.ts';
import type { DatabaseServer } from './database-server.ts';
import { keySource } from './key-source.ts';

type Patient = {
  readonly config: AppConfig;
  readonly log: Logger;
  readonly observer: Observer;
  readonly tables: readonly SealedTable[];
  /** The configuration in force. */
  readonly rows: readonly ConfigRow[];
  /** Of migrations. */
  readonly directory: string;
};

/** Looks at the host first, since the database stands on it; what cannot be looked at is a finding too. */
export const examine = async (patient: Patient): Promise<readonly Repairable[]> => {
  const { config, rows } = patient;
  const { dataDirectory } = config;
  return [
    examineNode(process.version, manifest.engines.node.replace('>=', '')),
    ...(await examineDataDirectory(dataDirectory)),
    examineSpace((await exists(dataDirectory)) ? dataDirectory : '/'),
    ...examineSettings(rows),
    ...(await examineLinks(config)),
    ...(await Promise.all(listListeners(config).map(examinePort))),
    ...(await Promise.all(listServices(config).map(examineService))),
    ...(await examineDatabase(patient)),
  ];
};

const listListeners = ({ http: { host, port, metricsPort } }: AppConfig) => [
  { setting: 'http.port', host, port },
  ...(metricsPort === undefined ? [] : [{ setting: 'http.metricsPort', host, port: metricsPort }]),
];

const listServices = ({ redis, mail }: AppConfig): readonly Service[] => [
  ...(redis.url === undefined ? [] : [serviceAt({ check: 'redis', setting: 'redis.url', url: redis.url, port: 6379 })]),
  ...(mail.driver !== 'smtp' || mail.smtpUrl === undefined
    ? []
    : [serviceAt({ check: 'smtp', setting: 'mail.smtpUrl', url: mail.smtpUrl, port: 587 })]),
];

const serviceAt = ({ url, port, ...service }: Omit<Service, 'host'> & { readonly url: string }): Service => {
  const { hostname, port: given } = new URL(url);
  return { ...service, host: hostname.replace(/^\[|\]$/g, ''), port: Number(given || port) };
};

const examineLinks = async ({ database }: AppConfig): Promise<readonly Repairable[]> => {
  if (database.mode === 'external') return [];
  const { ok, warning, error } = reportOn('embedded-programs');
  try {
    const missing = await listMissingLinks();
    if (missing.length === 0) return [ok('the embedded PostgreSQL is complete')];
    const state = `${missing.length} links of the embedded PostgreSQL are missing, ${missing[0]} for one`;
    return [{ ...warning(state, 'the next start makes them, or ./ashlar doctor --fix'), repair: () => repairLinks() }];
  } catch (thrown) {
    return [error(sentenceOf(thrown), 'run npm ci --ignore-scripts')];
  }
};

const sentenceOf = (thrown: unknown): string => {
  const { code, details, cause } = toAppError(thrown);
  const { message } = details;
  if (typeof message === 'string') return `${code}: ${message}`;
  return cause instanceof Error ? `${code}: ${cause.message}` : code;
};

const examineDatabase = async (patient: Patient): Promise<readonly Finding[]> => {
  const { config, log } = patient;
  const { ok, error } = reportOn('database');
  const { database, dataDirectory } = config;
  try {
    if (database.mode === 'external') return await examineServer(patient, database);
    const { user, port } = database.embedded;
    const path = join(dataDirectory, 'postgres');
    const { cluster } = await findHome(path, user);
    if (!(await exists(cluster))) return [ok('there is no database yet: the first start makes it')];
    const server = await openEmbeddedPostgres({ dataDirectory: path, log, user, port });
    try {
      return await examineServer(patient, server);
    } finally {
      await server.close();
    }
  } catch (thrown) {
    const fix = 'see what it says; then run ./ashlar doctor again, for what cannot be looked at without a database';
    return [error(sentenceOf(thrown), fix)];
  }
};

const examineServer = async (patient: Patient, server: DatabaseServer): Promise<readonly Finding[]> => {
  const { config, log, observer, tables, directory } = patient;
  const migrations = await examineMigrations(server, directory);
  const database = await openDatabase({ url: server.url, log, lanes: 1, transactions: 1, ...observer });
  try {
    return [
      reportOn('database').ok('PostgreSQL answers'),
      ...judgeDatabase(await findDatabaseFacts(database.lanes), await surroundingsOf(config, server, database)),
      migrations,
      ...(await examineKeys({ source: keySource(config), database, tables })),
      ...(await examineWork(database.lanes)),
    ];
  } finally {
    await database.close();
  }
};

/** Beside lanes and transactions a process has a connection for its presence. */
const surroundingsOf = async ({ database }: AppConfig, { url }: DatabaseServer, { lanes }: Pick<Database, 'lanes'>) => {
  const directUrl = database.mode === 'external' ? database.directUrl : url;
  return {
    pooler: database.pooler,
    isPooled: await detectPooler(directUrl ?? url),
    hasDirectUrl: directUrl !== null,
    connectionsPerProcess: database.lanes + database.transactions + 1,
    processes: (await countProcesses(lanes)) ?? 0,
  };
};

const examineMigrations = async ({ ownerUrl }: DatabaseServer, directory: string): Promise<Finding> => {
  const { ok, warning, error } = reportOn('migrations');
  const statuses = await migrationStatus({ ownerUrl, directory });
  const namesOf = (wanted: string) => statuses.filter(({ state }) => state === wanted).map(({ name }) => name);
  const [changed, missing, pending] = ['changed', 'missing', 'pending'].map(namesOf);
  if (changed !== undefined && changed.length > 0) {
    return error(
      `${changed.join(', ')} was changed after it was applied`,
      'restore the file: see ./ashlar migrate status',
    );
  }
  if (missing !== undefined && missing.length > 0) {
    return warning(`a newer release has applied ${missing.join(', ')}`, 'run that release, or roll back with it');
  }
  if (pending !== undefined && pending.length > 0) {
    return warning(
      `${pending.length} migrations are not applied yet`,
      'the next start applies them, or ./ashlar migrate up',
    );
  }
  return ok(`all ${statuses.length} migrations are applied`);
};
