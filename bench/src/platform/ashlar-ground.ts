import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import type { Database } from '../../../src/kernel/database/database.ts';
import { migrateUp } from '../../../src/kernel/database/migrate/migrate-up.ts';
import { openDatabase } from '../../../src/kernel/database/open-database.ts';
import { Inbox } from '../../../src/kernel/feed/inbox.ts';
import { createMetrics } from '../../../src/kernel/observability/create-metrics.ts';
import { type Logger, openLogger } from '../../../src/kernel/observability/logger.ts';
import type { Observer } from '../../../src/kernel/database/observer.ts';
import { openTelemetry } from '../../../src/kernel/observability/open-telemetry.ts';
import { openPresence } from '../../../src/kernel/presence/open-presence.ts';
import type { Presence } from '../../../src/kernel/presence/presence.ts';
import { createRunner, type Runner } from '../../../src/kernel/run.ts';
import { openSecrets, type Secrets } from '../../../src/kernel/secrets/secrets.ts';

/** What every mechanism of Ashlar stands on, as the program opens it: a log in a file, metrics, a migrated database. */
export type Ground = {
  readonly url: string;
  readonly log: Logger;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly observer: Observer;
  readonly database: Database;
  readonly inbox: Inbox;
  readonly runner: Runner;
  /** With the connection and the pulse that each running process has. */
  openPresence(): Promise<Presence>;
  openSecrets(): Promise<Secrets>;
  close(): Promise<void>;
};

const directory = join(import.meta.dirname, '../../../migrations');
const identity = { release: 'bench', role: 'bench' };
const keys = {
  masterKey: randomBytes(32).toString('base64'),
  masterKeyFile: null,
  previousMasterKey: null,
  previousMasterKeyFile: null,
  generateAt: null,
};
const hooks = { see: () => undefined, record: () => undefined, alert: () => undefined, audit: () => undefined };

/** `transactions`: connections for them; by default as many as the program has. */
export const openGround = async (url: string, { transactions }: { transactions?: number } = {}): Promise<Ground> => {
  const output = join(process.env['BENCH_DIRECTORY'] ?? '.', `ashlar-${process.pid}.log`);
  const rotation = { sizeMegabytes: 1000, frequency: 'daily', keep: 1 } as const;
  const logger = await openLogger({ level: 'info', format: 'json', output, rotation, ...identity });
  const { log } = logger;
  await migrateUp({ ownerUrl: url, directory, log });
  const metrics = createMetrics();
  const untraced = { otlpEndpoint: null, headers: {}, sampleRatio: 1, serviceName: 'bench' };
  const telemetry = await openTelemetry({ ...untraced, ...identity, log });
  const observer = { metrics, telemetry };
  const database = await openDatabase({ url, log, ...observer, ...(transactions !== undefined && { transactions }) });
  const inbox = new Inbox({ windowSeconds: 60, log });
  return {
    url,
    log,
    metrics,
    observer,
    database,
    inbox,
    runner: createRunner({ database, log, ...observer, hooks }),
    openPresence: () => openPresence({ ...identity, url, isPooled: false, inbox, observer, log }),
    openSecrets: async () => (await openSecrets(keys, database)).secrets,
    close: async () => {
      await database.close();
      await logger.close();
    },
  };
};
