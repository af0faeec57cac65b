import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  customType,
  date,
  doublePrecision,
  foreignKey,
  index,
  integer,
  jsonb,
  pgSchema,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

import { createdAt, id, instant } from '#kernel/database/columns.ts';
import { mailLocales } from '#kernel/mail/mail-template.ts';
import { errorStates } from './domain/error-group.ts';
import { mailStates } from './domain/mail.ts';
import { alertLevels, alertStates } from './domain/thresholds.ts';

export const platform = pgSchema('platform');

const bytes = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

/** What administrators set in place of the defaults, which stand in the code. */
export const settings = platform.table(
  'settings',
  {
    key: text().primaryKey(),
    /** Null: the default holds again. The row stays, so that versions only grow. */
    value: jsonb(),
    version: integer().notNull(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [check('settings_version_check', sql`${table.version} >= 1`)],
);

export const mails = platform.table(
  'mails',
  {
    id: id(),
    uniqueKey: text().notNull(),
    template: text().notNull(),
    locale: text({ enum: mailLocales }).notNull(),
    recipient: text().notNull(),
    isSensitive: boolean().notNull(),
    subject: text(),
    textBody: text(),
    htmlBody: text(),
    /** Subject and bodies of a sensitive mail; null once it was sent. */
    sealed: bytes(),
    state: text({ enum: mailStates }).notNull().default('queued'),
    /** Raised each time that it is sent again: an earlier order to deliver it is void then. */
    delivery: integer().notNull().default(1),
    error: text(),
    createdAt: createdAt(),
    finishedAt: instant(),
  },
  (table) => [
    unique('mails_unique_key_key').on(table.uniqueKey),
    check('mails_state_check', sql`${table.state} in ('queued', 'sent', 'captured', 'failed')`),
    check(
      'mails_content_check',
      sql`case when ${table.isSensitive} then num_nonnulls(${table.subject}, ${table.textBody}, ${table.htmlBody}) = 0 else ${table.sealed} is null and num_nonnulls(${table.subject}, ${table.textBody}, ${table.htmlBody}) = 3 end`,
    ),
  ],
);

export const errorGroups = platform.table(
  'error_groups',
  {
    id: id(),
    fingerprint: text().notNull(),
    /** Null: it happened outside of an operation. */
    operation: text(),
    code: text().notNull(),
    message: text().notNull(),
    frames: text().array().notNull(),
    state: text({ enum: errorStates }).notNull().default('open'),
    count: bigint({ mode: 'number' }).notNull(),
    firstSeenAt: instant().notNull(),
    lastSeenAt: instant().notNull(),
    lastTraceId: text().notNull(),
    firstRelease: text().notNull(),
    lastRelease: text().notNull(),
    resolvedAt: instant(),
    regressedAt: instant(),
    notifiedAt: instant(),
    notifiedCount: bigint({ mode: 'number' }).notNull().default(0),
  },
  (table) => [
    unique('error_groups_fingerprint_key').on(table.fingerprint),
    check('error_groups_state_check', sql`${table.state} in ('open', 'resolved', 'ignored', 'regressed')`),
    check('error_groups_resolution_check', sql`${table.state} <> 'resolved' or ${table.resolvedAt} is not null`),
    index('error_groups_last_seen_idx').on(table.lastSeenAt, table.id),
    index('error_groups_notified_idx').on(table.notifiedAt),
  ],
);

export const errorSamples = platform.table(
  'error_samples',
  {
    id: id(),
    groupId: uuid().notNull(),
    occurredAt: instant().notNull(),
    traceId: text().notNull(),
    actorId: uuid(),
    release: text().notNull(),
    message: text().notNull(),
    stack: text().notNull(),
    inputShape: jsonb(),
    logLines: text().array().notNull(),
  },
  (table) => [
    foreignKey({
      name: 'error_samples_group_id_fkey',
      columns: [table.groupId],
      foreignColumns: [errorGroups.id],
    }).onDelete('cascade'),
    index('error_samples_group_idx').on(table.groupId, table.id),
  ],
);

/** Secrets that people and modules name. */
export const secrets = platform.table(
  'secrets',
  {
    id: id(),
    name: text().notNull(),
    description: text(),
    /** Where it may be sent to; null: anywhere. */
    allowedHosts: text().array(),
    /** Of the value that holds. */
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: instant().notNull().defaultNow(),
  },
  (table) => [unique('secrets_name_key').on(table.name), check('secrets_version_check', sql`${table.version} >= 1`)],
);

/** The values; the newest ten of each. */
export const secretVersions = platform.table(
  'secret_versions',
  {
    id: id(),
    secretId: uuid().notNull(),
    version: integer().notNull(),
    /** Sealed with the secret's id and the version as its place. */
    sealed: bytes().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique('secret_versions_secret_id_version_key').on(table.secretId, table.version),
    foreignKey({
      name: 'secret_versions_secret_id_fkey',
      columns: [table.secretId],
      foreignColumns: [secrets.id],
    }).onDelete('cascade'),
  ],
);
const many = () => bigint({ mode: 'number' }).notNull();

/** What a process counted in a minute. */
export const statMinutes = platform.table(
  'stat_minutes',
  {
    minute: timestamp({ withTimezone: true, precision: 0, mode: 'date' }).notNull(),
    /** A process. */
    source: uuid().notNull(),
    requests: many(),
    errors: many(),
    /** Sum over the requests. */
    latencyMs: doublePrecision().notNull(),
    /** Of each upper bound in milliseconds, how many requests took no longer and longer than the bound before. */
    latency: jsonb().$type<Readonly<Record<string, number>>>().notNull(),
    cacheHits: many(),
    cacheMisses: many(),
    tasksDone: many(),
  },
  // Unique and not null, and no primary key of two columns: those drizzle-kit cannot compare.
  (table) => [unique('stat_minutes_minute_source_key').on(table.minute, table.source)],
);

/** People who acted on a day. */
export const dailyActive = platform.table(
  'daily_active',
  { day: date({ mode: 'string' }).notNull(), actorId: uuid().notNull() },
  (table) => [unique('daily_active_day_actor_id_key').on(table.day, table.actorId)],
);

/** What became of the two, for ever. Null: there was nothing to take a share or an average of. */
export const dailyStats = platform.table('daily_stats', {
  day: date({ mode: 'string' }).primaryKey(),
  totalRequests: many(),
  errorRate: doublePrecision(),
  averageLatencyMs: doublePrecision(),
  p95Ms: doublePrecision('p95_ms'),
  p99Ms: doublePrecision('p99_ms'),
  activeUsers: integer().notNull(),
  cacheHitRate: doublePrecision(),
  tasksDone: many(),
  rolledUpAt: instant().notNull(),
});

export const alerts = platform.table(
  'alerts',
  {
    id: id(),
    key: text().notNull(),
    signal: text().notNull(),
    level: text({ enum: alertLevels }).notNull(),
    state: text({ enum: alertStates }).notNull().default('active'),
    value: doublePrecision().notNull(),
    subject: text().notNull(),
    raisedAt: instant().notNull(),
    changedAt: instant().notNull(),
    acknowledgedAt: instant(),
    acknowledgedBy: uuid(),
    resolvedAt: instant(),
    notifiedAt: instant(),
  },
  (table) => [
    check('alerts_level_check', sql`${table.level} in ('warning', 'critical')`),
    check('alerts_state_check', sql`${table.state} in ('active', 'acknowledged', 'resolved')`),
    check('alerts_resolution_check', sql`(${table.state} = 'resolved') = (${table.resolvedAt} is not null)`),
    uniqueIndex('alerts_open_key')
      .on(table.key)
      .where(sql`${table.state} <> 'resolved'`),
    index('alerts_notified_idx').on(table.notifiedAt),
    index('alerts_resolved_idx').on(table.resolvedAt),
  ],
);

export const signalReadings = platform.table(
  'signal_readings',
  {
    signal: text().primaryKey(),
    /** Null: as it should be. */
    level: text({ enum: alertLevels }),
    value: doublePrecision().notNull(),
    readAt: instant().notNull().defaultNow(),
  },
  (table) => [check('signal_readings_level_check', sql`${table.level} in ('warning', 'critical')`)],
);

/** One row. */
export const evaluations = platform.table(
  'evaluations',
  {
    id: integer().primaryKey().default(1),
    evaluatedAt: instant().notNull().defaultNow(),
  },
  (table) => [check('evaluations_one_row_check', sql`${table.id} = 1`)],
);

export const processSamples = platform.table(
  'process_samples',
  {
    processId: uuid().notNull(),
    sampledAt: instant().notNull().defaultNow(),
    role: text().notNull(),
    host: text().notNull(),
    pid: integer().notNull(),
    cpuPercent: doublePrecision().notNull(),
    eventLoopP99Ms: doublePrecision('event_loop_p99_ms').notNull(),
    residentBytes: bigint({ mode: 'number' }).notNull(),
    memoryPercent: doublePrecision().notNull(),
    diskPercent: doublePrecision(),
  },
  (table) => [
    unique('process_samples_process_id_sampled_at_key').on(table.processId, table.sampledAt),
    index('process_samples_sampled_at_idx').on(table.sampledAt),
  ],
);
