import { sql } from 'drizzle-orm';

import { createAudit } from '../../../src/kernel/audit/audit.ts';
import { prepared } from '../../../src/kernel/database/prepared.ts';
import { newId } from '../../../src/kernel/ids.ts';
import { openGround } from './ashlar-ground.ts';
import { changeOf, type OpenTrail } from './trail.ts';

const countSealed = prepared(
  'bench.count-sealed',
  () => sql<{ count: number }>`select coalesce(sum(count), 0)::int as count from kernel.audit_seals`,
);

/** As the program runs it: sealed behind the writers all along. Stopping a process seals what is left, so `finish` stops it. */
export const openAshlarTrail: OpenTrail = async (url, writers) => {
  const { database, metrics, log, openSecrets } = await openGround(url, { transactions: writers });
  const audit = createAudit({
    config: { retentionDays: 400, dropUnexported: false },
    database,
    secrets: await openSecrets(),
    outbound: { request: () => Promise.reject(new Error('there is no anchor in the bench')) },
    metrics,
    now: () => new Date(),
    log,
  });
  audit.start();
  const actor = {
    type: 'admin',
    id: newId(),
    sessionId: newId(),
    credentialId: null,
    method: 'session',
    isSuperuser: true,
    restriction: null,
    authenticatedAt: new Date(),
    permissions: new Set<string>(),
  } as const;
  return {
    write: (n) =>
      database.transaction((tx) => {
        audit.record(tx, {
          operation: 'bench.update-customer',
          type: 'user_action',
          actor,
          origin: { requestId: 'bench', address: '203.0.113.7', userAgent: null },
          traceId: '0'.repeat(32),
          reads: false,
          notes: [changeOf(n)],
        });
        return Promise.resolve();
      }),
    finish: () => audit.close(),
    countVouched: async () => (await countSealed(database.lanes))[0]?.count ?? 0,
  };
};
