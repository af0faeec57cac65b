import { sql } from 'drizzle-orm';

import { openDatabase } from '#kernel/database/open-database.ts';
import { buildLog, buildSecrets, noMetrics, noTelemetry } from '#test/build.ts';
import { sealBatch } from '#kernel/audit/seal-batch.ts';

/** Seals in a transaction that never ends, and says when it has begun; somebody kills it then. */
const [url = '', masterKey = ''] = process.argv.slice(2);
const database = await openDatabase({ url, log: buildLog(), metrics: noMetrics, telemetry: noTelemetry });
const secrets = buildSecrets({ masterKey });
const stuck: Parameters<typeof sealBatch>[0]['database'] = {
  transaction: (fn) =>
    database.transaction(async (tx) => {
      const value = await fn(tx);
      process.stdout.write('sealed, and not committed\n');
      await tx.execute(sql`select pg_sleep(25)`);
      return value;
    }),
};
await sealBatch({ database: stuck, secrets });
