import { type AuditFilter, type AuditPlace, insertAuditEvent, listAuditEvents } from '../database/audit.ts';
import type { Unsealed } from '../database/audit-seals.ts';
import type { Database, Tx } from '../database/database.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { createRedactor } from '../observability/redact.ts';
import type { Outbound } from '../outbound/outbound.ts';
import type { Retention } from '../retention.ts';
import type { Change, RunRecord } from '../run.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { createAnchor } from './anchor.ts';
import type { AuditEvent } from './audit-event.ts';
import { createAuditRetention } from './audit-retention.ts';
import { toEvents } from './change.ts';
import { exportTrail, toChunks } from './export-trail.ts';
import { loadKeys } from './keys.ts';
import { Refusals } from './refusals.ts';
import { Sealer } from './sealer.ts';
import { verifyExport } from './verify-export.ts';
import { type Verification, verifyTrail } from './verify-trail.ts';

export type AuditConfig = {
  /** At least 90. */
  readonly retentionDays: number;
  /** Drop months past their retention although nobody exported them. */
  readonly dropUnexported: boolean;
  /** Where heads of the chain are sent; absent: only to the log. */
  readonly anchorUrl?: string | undefined;
};

/** Who changed what, and who was refused: rows beside each change, sealed behind it by a chain of signatures. */
export type Audit = {
  /** Writes what a change notes together with its commit. Secrets in it are masked. */
  record(tx: Tx, change: Change): void;
  /** Counts a refusal; written within a second, and then each ten seconds for the same actor or address. */
  refuse(record: RunRecord): void;
  /** Newest first. */
  list(filter: AuditFilter, page: AuditPlace & { readonly limit: number }): Promise<readonly AuditEvent[]>;
  /** Seals what can be sealed, then compares every seal with its events. `head`: a hash that must be in the chain. */
  verify(options?: { readonly head?: string | undefined; readonly signal?: AbortSignal }): Promise<Verification>;
  /** Lines of JSON in chunks of some 64 KB: see `exportTrail`. */
  export(options: { readonly month: string | null }): AsyncIterable<string>;
  /**
   * Compares the seals of an export with its events. `publicKey`: 32 bytes in base64, for an export from elsewhere; else
   * our own keys are expected, or while there are none, those of the file.
   */
  verifyExport(lines: AsyncIterable<string>, options?: FileOptions): Promise<Verification>;
  /** What no seal vouches for yet, as last counted. */
  readonly unsealed: Unsealed;
  /** Makes the months to come; drops those that are past. */
  readonly retention: Required<Retention>;
  /** For a process that serves: also seals what others left behind. */
  start(): void;
  /** Writes the refusals that were counted, and seals what this process wrote. */
  close(): Promise<void>;
};

type FileOptions = { readonly head?: string | undefined; readonly publicKey?: string | undefined };

export type AuditOptions = {
  readonly config: AuditConfig;
  readonly database: Pick<Database, 'lanes' | 'transaction' | 'isUp'>;
  readonly secrets: Pick<Secrets, 'open' | 'seal'>;
  readonly outbound: Pick<Outbound, 'request'>;
  readonly metrics: Pick<Metrics, 'gauge'>;
  readonly log: Logger;
  readonly now: () => Date;
};

export const createAudit = (options: AuditOptions): Audit => {
  const { config, database, secrets, outbound, metrics, log, now } = options;
  const redactor = createRedactor();
  const anchor = createAnchor({ url: config.anchorUrl ?? null, outbound, log });
  const sealer = new Sealer({ database, secrets, anchor, log });
  const refusals = new Refusals({ db: database.lanes, log, onWritten: () => sealer.wake() });
  metrics.gauge({
    name: 'ashlar_audit_unsealed',
    help: 'Events of the audit trail that no seal vouches for yet, counted up to 100,001.',
    labelNames: [],
    read: () => sealer.unsealed.count,
  });

  return {
    record: (tx, change) => {
      const events = change.notes.length > 0 || tx.hasChanged ? toEvents(redactor, change) : [];
      if (events.length === 0) return;
      tx.withCommit(() => Promise.all(events.map((event) => insertAuditEvent(tx, event))));
      tx.afterCommit(() => sealer.wake());
    },
    refuse: (record) => refusals.add(record),
    list: (filter, page) => listAuditEvents(database.lanes, { ...filter, ...page }),
    verify: async ({ head, signal } = {}) => {
      await sealer.sealNow();
      return verifyTrail({ database, secrets, head: head ?? null, signal });
    },
    export: ({ month }) => toChunks(exportTrail({ database, secrets, month, now })),
    verifyExport: async (lines, { head, publicKey } = {}) => {
      const own = publicKey === undefined ? await loadKeys(database.lanes, secrets) : [];
      const given = publicKey === undefined ? own.map((key) => key.publicKey) : [Buffer.from(publicKey, 'base64')];
      return verifyExport(lines, { head: head ?? null, keys: given.length === 0 ? null : given });
    },
    get unsealed() {
      return sealer.unsealed;
    },
    retention: createAuditRetention(config, log),
    start: () => sealer.start(),
    close: async () => {
      if (database.isUp) {
        await refusals.close();
        await sealer.close();
      }
      await anchor.close();
    },
  };
};
