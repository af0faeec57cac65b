import { openDatabase } from '../../database/open-database.ts';
import { createMetrics } from '../../observability/create-metrics.ts';
import { openTelemetry } from '../../observability/open-telemetry.ts';
import { pino } from 'pino';

import { createKeyHash } from '../key-hash.ts';
import { createPolicy } from '../rate.ts';
import { createSharedStore } from '../shared-store.ts';

/** Asks for one key as fast as it can for `ms`, and prints how many were allowed and refused. */
const [url = '', ms = '0'] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const traced = {
  otlpEndpoint: null,
  headers: {},
  sampleRatio: 1,
  serviceName: 'ashlar',
  release: 'test',
  role: 'test',
};
const telemetry = await openTelemetry({ ...traced, log });
const database = await openDatabase({ url, log, metrics: createMetrics(), telemetry });
const store = createSharedStore({ database, hash: createKeyHash(() => Buffer.alloc(32, 1)) });
const policy = createPolicy('race', { limit: 20, perSeconds: 1, burst: 30, store: 'shared' });

const until = performance.now() + Number(ms);
const counts = { allowed: 0, refused: 0, failed: 0 };
const ask = async () => {
  while (performance.now() < until) {
    const { isAllowed } = await store.reserve(policy, 'the same').catch(() => ({ isAllowed: null }));
    counts[isAllowed === null ? 'failed' : isAllowed ? 'allowed' : 'refused'] += 1;
  }
};
await Promise.all(Array.from({ length: 8 }, ask));
await database.close();
await telemetry.close();
process.stdout.write(JSON.stringify(counts));
