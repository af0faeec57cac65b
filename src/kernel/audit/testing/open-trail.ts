import { randomBytes } from 'node:crypto';

import type { Database } from '#kernel/database/database.ts';
import { createAudit } from '#kernel/audit/audit.ts';
import { createMetrics } from '#kernel/observability/create-metrics.ts';
import type { Outbound } from '#kernel/outbound/outbound.ts';
import type { Change } from '#kernel/run.ts';
import type { Secrets } from '#kernel/secrets/secrets.ts';
import type { AuditNote } from '#kernel/usecase.ts';
import { buildActor, buildLog, buildSecrets } from '#test/build.ts';

/** Of a master key that nobody else has. */
export const newSecrets = (): Secrets => buildSecrets({ masterKey: randomBytes(32).toString('base64') });

const nowhere: Pick<Outbound, 'request'> = { request: () => Promise.reject(new Error('no anchor was configured')) };

type Options = {
  readonly secrets?: Secrets;
  readonly outbound?: Pick<Outbound, 'request'>;
  readonly anchorUrl?: string;
};

export const buildChange = (notes: readonly AuditNote[], over: Partial<Change> = {}): Change => ({
  operation: 'probe.do-it',
  type: 'user_action',
  actor: buildActor(),
  origin: { requestId: 'r', address: '203.0.113.7', userAgent: null },
  traceId: '0'.repeat(32),
  reads: false,
  notes,
  ...over,
});

/** An audit trail on a database, as a process has it. */
export const openTrail = (database: Database, { secrets, outbound = nowhere, anchorUrl }: Options = {}) => {
  const logged: Record<string, unknown>[] = [];
  const metrics = createMetrics();
  const audit = createAudit({
    config: { retentionDays: 400, dropUnexported: false, anchorUrl },
    database,
    secrets: secrets ?? newSecrets(),
    outbound,
    metrics,
    log: buildLog(logged),
    now: () => new Date(),
  });
  return Promise.resolve({
    audit,
    logged,
    metrics,
    /** One transaction that notes these. */
    write: (notes: readonly AuditNote[], over: Partial<Change> = {}) =>
      database.transaction((tx) => Promise.resolve(audit.record(tx, buildChange(notes, over)))),
  });
};
