import { z } from 'zod';

import type { Permission } from '#kernel/actor.ts';
import type { SecretValue } from '#kernel/secrets/secret-value.ts';
import type { FlagContract, SettingContract } from '#kernel/setting.ts';
import type { HealthCheck } from '#kernel/module.ts';
import { mailLocales } from '#kernel/mail/mail-template.ts';
import type { EventContract, TaskContract } from '#kernel/usecase.ts';

export const readHealth = {
  name: 'platform:read-health',
  description: 'See how the processes, the database and the modules are doing',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readTasks = {
  name: 'platform:read-tasks',
  description: 'See tasks, with what they were given and answered, their queues and workers',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageTasks = {
  name: 'platform:manage-tasks',
  description: 'Retry, cancel and purge tasks; pause and resume queues',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readConfig = {
  name: 'platform:read-config',
  description: 'See the configuration and where each value comes from; secrets are masked',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readSettings = {
  name: 'platform:read-settings',
  description: 'See settings and flags',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageSettings = {
  name: 'platform:manage-settings',
  description: 'Change settings and flags while everything runs',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readSchedules = {
  name: 'platform:read-schedules',
  description: 'See schedules, when they are due next, and what came of them',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageSchedules = {
  name: 'platform:manage-schedules',
  description: 'Pause, resume and trigger schedules',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readSecrets = {
  name: 'platform:read-secrets',
  description: 'See which secrets there are, never their values',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageSecrets = {
  name: 'platform:manage-secrets',
  description: 'Make, change and forget secrets',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readErrors = {
  name: 'platform:read-errors',
  description: 'See errors with their occurrences, alerts, and the channels over which operators are told',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageErrors = {
  name: 'platform:manage-errors',
  description: 'Resolve, ignore and reopen errors; acknowledge alerts; test channels',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readEvents = {
  name: 'platform:read-events',
  description: 'See events with what they say, and how far each subscription has come',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageEvents = {
  name: 'platform:manage-events',
  description: 'Pause, resume and replay subscriptions; retry and discard dead events',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

/** A task is not tried again. Published with its death. */
export const taskDied = {
  name: 'platform.task_died',
  payload: z.object({
    taskId: z.uuid(),
    queue: z.string(),
    name: z.string(),
    reason: z.enum(['attempts_exhausted', 'not_retriable', 'timed_out', 'payload_invalid', 'unknown_task']),
  }),
} as const satisfies EventContract;

export const readCache = {
  name: 'platform:read-cache',
  description: 'See what is cached, where, and how often it helps',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageCache = {
  name: 'platform:manage-cache',
  description: 'Have what is cached loaded anew',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readAudit = {
  name: 'platform:read-audit',
  description: 'See who changed what, and who was refused',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const verifyAudit = {
  name: 'platform:verify-audit',
  description: 'Have the audit trail compared with its seals',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const exportAudit = {
  name: 'platform:export-audit',
  description: 'Take the whole audit trail away',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

/** Compares the audit trail with its seals; `head`: a hash that must be in the chain. */
export const checkAuditTask = {
  name: 'platform.check-audit',
  queue: 'audit',
  payload: z.object({ head: z.string().optional() }),
} as const satisfies TaskContract;

/** Harmless: waits for so many seconds and says so. For trying things out. */
export const probeTask = {
  name: 'platform.probe',
  payload: z.object({ seconds: z.number().min(0).max(3600) }),
} as const satisfies TaskContract;

const errorGroup = z.object({
  groupId: z.uuid(),
  /** Null: outside of an operation. */
  operationId: z.string().nullable(),
  code: z.string(),
  count: z.int(),
  /** Of the last occurrence. */
  traceId: z.string(),
});

/** An error of ours was seen for the first time. */
export const errorGroupOpened = {
  name: 'platform.error_group_opened',
  payload: errorGroup,
} as const satisfies EventContract;

/** One that somebody had resolved was seen again. */
export const errorGroupRegressed = {
  name: 'platform.error_group_regressed',
  payload: errorGroup,
} as const satisfies EventContract;

const alert = z.object({
  alertId: z.uuid(),
  signal: z.string(),
  level: z.enum(['warning', 'critical']),
  value: z.number(),
});

/** Something is not as it should be, or it has become worse. */
export const alertRaised = { name: 'platform.alert_raised', payload: alert } as const satisfies EventContract;

/** It is as it should be again. */
export const alertResolved = { name: 'platform.alert_resolved', payload: alert } as const satisfies EventContract;

const finding = {
  /** What it is about, beginning with the module's name: there is at most one open alert for it. */
  key: z
    .string()
    .min(1)
    .max(200)
    .regex(/^[a-z]+[.:]/, 'does not begin with the name of a module'),
  /** What is not as it should be: `backup_age`. */
  signal: z.string().min(1).max(100),
  level: z.enum(['warning', 'critical']),
  value: z.number(),
  /** A sentence for an operator. */
  subject: z.string().min(1).max(2_000),
};

/**
 * Another module's alert: listed, told and published like ours. Asked for again, it brings the open one up to date.
 * Enqueue it with the key as `groupKey`, and what resolves it too, so that they happen in their order.
 */
export const raiseAlert = {
  name: 'platform.raise-alert',
  payload: z.object(finding),
} as const satisfies TaskContract;

/** All is well again. Only the key is needed. */
export const resolveAlert = {
  name: 'platform.resolve-alert',
  payload: z
    .object({ ...finding, key: finding.key })
    .partial()
    .required({ key: true }),
} as const satisfies TaskContract;

/** A setting or flag has another value, in every process within a second. */
export const settingChanged = {
  name: 'platform.setting_changed',
  payload: z.object({ key: z.string() }),
} as const satisfies EventContract;

/** Null: what the configuration says. */
export const taskResultRetentionDays = {
  key: 'platform.taskResultRetentionDays',
  description:
    'How many days the results of tasks are kept; null: what tasks.resultRetentionDays of the configuration says',
  schema: z.int().min(1).max(3650).nullable(),
  default: null,
} satisfies SettingContract;

export type NamedSecret = {
  /** Of a module's own secrets `module/…`. */
  readonly name: string;
  readonly value: string;
  readonly description: string | null;
  /** Hosts, or `*.example.com`; null: it may be sent anywhere. */
  readonly allowedHosts: string[] | null;
};

export type ResolvedSecret =
  | { readonly outcome: 'resolved'; readonly secret: SecretValue }
  | { readonly outcome: 'not_found' | 'host_not_allowed' };

/** What the other modules may ask of this one. */
export type PlatformPortal = {
  /** From memory; what was changed elsewhere is there within a second. */
  getSetting<S extends z.ZodType>(setting: SettingContract<S>): z.output<S>;
  /** Null is whoever is not signed in. */
  isEnabled(flag: FlagContract, actorId: string | null): boolean;
  /** For the health report; `name` is unique in it. It may take 2 s. */
  registerHealthCheck(name: string, check: () => Promise<HealthCheck>): void;
  /** Makes the secret, or its next version. */
  putSecret(secret: NamedSecret): Promise<void>;
  /** The value that holds. `host` is where it will be sent to; null if that is not known: then only unbound ones are given. */
  resolveSecret(name: string, use: { readonly host: string | null }): Promise<ResolvedSecret>;
};
export const readStats = {
  name: 'platform:read-stats',
  description: 'See how much was done, how fast and for how many people',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const readMails = {
  name: 'platform:read-mails',
  description: 'See what was written to whom, and how it went',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

export const manageMails = {
  name: 'platform:manage-mails',
  description: 'Send mails again',
  actorTypes: ['admin', 'service_acc'],
} as const satisfies Permission;

const addressed = {
  to: z.email().max(254),
  /** Of a template that stands in `mailTemplates` of a module. */
  template: z.string().min(1).max(100),
  locale: z.enum(mailLocales),
  uniqueKey: z.string().min(1).max(200),
};

/** Writes to somebody. Its payload is made by `composeMail` of the kernel, which seals what nobody else may read. */
export const sendMail = {
  name: 'platform.send-mail',
  queue: 'mail',
  payload: z.discriminatedUnion('sensitive', [
    z.object({ ...addressed, sensitive: z.literal(false), params: z.record(z.string(), z.unknown()) }),
    z.object({ ...addressed, sensitive: z.literal(true), params: z.base64url() }),
  ]),
} as const satisfies TaskContract;
