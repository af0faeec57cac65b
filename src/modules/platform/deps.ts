import type { ConfigRow } from '#kernel/config/describe.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { MailTemplate } from '#kernel/mail/mail-template.ts';
import type { Module } from '#kernel/module.ts';
import type { ScheduleDefinition } from '#kernel/schedules/schedule-definition.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import type { SettingContract } from '#kernel/setting.ts';
import type { MailConfig } from './clients/create-mailer.ts';
import type { Mailer } from './clients/mailer.ts';
import type { Alerts } from './logic/alerts.ts';
import type { HealthChecks } from './logic/health-checks.ts';
import type { AlertingConfig, Notices } from './logic/notices.ts';
import type { ProcessWatch } from './logic/process-watch.ts';
import type { Settings } from './logic/settings.ts';

export type MigrationState = {
  readonly name: string;
  readonly state: 'applied' | 'pending' | 'changed' | 'missing';
  /** ISO 8601; null while pending. */
  readonly appliedAt: string | null;
};

type NewMigration = {
  readonly module: string;
  readonly description: string;
  /** Tables of every module, as code declares them. */
  readonly schemas: Readonly<Record<string, unknown>>;
};

/** The kernel's migration runner, bound to this installation's files and database. Answers are names of files. */
export type Migrations = {
  up(): Promise<readonly string[]>;
  down(options: { readonly steps: number; readonly isForced: boolean }): Promise<readonly string[]>;
  status(): Promise<readonly MigrationState[]>;
  /** Writes a new file from the difference between the schemas in code and the migrated database. */
  create(options: NewMigration): Promise<{ readonly path: string }>;
};

/** What administrators manage of the place where Ashlar is installed. */
export type Installation = {
  readonly migrations: Migrations;
  /** The configuration in force, secrets masked. */
  readonly describeConfig: () => readonly ConfigRow[];
  /** Stops the embedded server unless a process uses it; null if the database is external. */
  readonly stopEmbeddedDatabase: (() => Promise<'stopped' | 'not_running' | 'in_use'>) | null;
};

export type PlatformDeps = {
  readonly kernel: Kernel;
  readonly installation: Installation;
  readonly alerting: AlertingConfig;
  readonly notices: Notices;
  readonly alerts: Alerts;
  readonly processWatch: ProcessWatch;
  readonly settings: Settings;
  /** How people reach us, without a slash at the end. */
  readonly publicUrl: string;
  /** Where the kernel and every module keep sealed values. */
  readonly listSealedTables: () => readonly SealedTable[];
  /** What needs the secret of this name, in every module. */
  readonly findSecretUses: (name: string) => Promise<readonly string[]>;
  /** Tables of every module, as code declares them. */
  readonly listSchemas: () => Readonly<Record<string, unknown>>;
  /** Of every module, by id. */
  readonly listSchedules: () => readonly ScheduleDefinition[];
  /** What every module writes to people. */
  readonly listMailTemplates: () => readonly MailTemplate[];
  readonly mailer: Mailer;
  readonly healthChecks: HealthChecks;
};

/** What the app gives; the rest the module makes. */
export type PlatformGiven = Omit<
  PlatformDeps,
  'notices' | 'alerts' | 'processWatch' | 'settings' | 'mailer' | 'healthChecks'
> & {
  readonly listModules: () => readonly Module<unknown>[];
  readonly mail: MailConfig;
  /** Where our data is: its disk is watched. */
  readonly dataDirectory: string;
  /** Of every module. */
  readonly listSettings: () => readonly SettingContract[];
};
