import { join } from 'node:path';

import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { z } from 'zod';

import { createCache } from '../../../src/kernel/cache/cache.ts';
import type { CacheNamespace } from '../../../src/kernel/cache/namespace.ts';
import { migrateUp } from '../../../src/kernel/database/migrate/migrate-up.ts';
import { openDatabase } from '../../../src/kernel/database/open-database.ts';
import { createFeed } from '../../../src/kernel/feed/feed.ts';
import { Inbox } from '../../../src/kernel/feed/inbox.ts';
import { createMetrics } from '../../../src/kernel/observability/create-metrics.ts';
import { openLogger } from '../../../src/kernel/observability/logger.ts';
import { openTelemetry } from '../../../src/kernel/observability/open-telemetry.ts';
import { openPresence } from '../../../src/kernel/presence/open-presence.ts';

type Card = { readonly id: number; readonly name: string; readonly rates: readonly number[] };
type Cached = { get(key: string): Promise<Card> };

const keys = Array.from({ length: 1_000 }, (_, n) => `customer-${n}`);
const limits = { maxBytes: 67_108_864, maxEntries: 50_000 };
const load = (key: string): Promise<Card> => Promise.resolve({ id: key.length, name: key, rates: [1, 2, 3] });

/** As the program runs it: counted, tagged, beside a pulse. */
const openAshlar = async (url: string): Promise<Cached> => {
  const identity = { release: 'bench', role: 'bench' };
  const { log } = await openLogger({
    level: 'warn',
    format: 'json',
    output: join(process.env['BENCH_DIRECTORY'] ?? '.', `cache-${process.pid}.log`),
    rotation: { sizeMegabytes: 1000, frequency: 'daily', keep: 1 },
    ...identity,
  });
  await migrateUp({ ownerUrl: url, directory: join(import.meta.dirname, '../../../migrations'), log });
  const metrics = createMetrics();
  const untraced = { otlpEndpoint: null, headers: {}, sampleRatio: 1, serviceName: 'bench' };
  const observer = { metrics, telemetry: await openTelemetry({ ...untraced, ...identity, log }) };
  const database = await openDatabase({ url, log, ...observer });
  const inbox = new Inbox({ windowSeconds: 60, log });
  const presence = await openPresence({ ...identity, url, isPooled: false, inbox, observer, log });
  const feed = createFeed({ inbox, hurry: () => undefined, log });
  const cache = createCache({ config: limits, database, feed, presence, redis: null, isPooled: false, metrics, log });
  const namespace: CacheNamespace<Card> = {
    name: 'bench.cards',
    tier: 'shared',
    value: z.object({ id: z.number(), name: z.string(), rates: z.array(z.number()) }),
    ttlSeconds: 3600,
    tags: (key) => [key],
  };
  return { get: (key) => cache.get(namespace, key, () => load(key)) };
};

/**
 * Its memory alone, without tags, which it would look up at every hit. By default it keeps text and parses that at every
 * hit; `plain` keeps the value itself, as Ashlar does, and can then not count bytes.
 */
const openBento = (serialize: boolean): Cached => {
  const maxItems = limits.maxEntries;
  const driver = memoryDriver(serialize ? { maxItems, maxSize: limits.maxBytes } : { maxItems, serialize: false });
  const bento = new BentoCache({ default: 'memory', stores: { memory: bentostore().useL1Layer(driver) } });
  const cards = bento.namespace('cards');
  return { get: (key) => cards.getOrSet({ key, ttl: '1h', factory: () => load(key) }) };
};

/** Nanoseconds for each hit, one awaited after the other, of a thousand keys in turn. */
const measure = async ({ get }: Cached, amount: number): Promise<number> => {
  const run = async (times: number): Promise<number> => {
    const startedAt = performance.now();
    for (let n = 0; n < times; n += 1) await get(keys[n % keys.length] ?? '');
    return ((performance.now() - startedAt) / times) * 1e6;
  };
  await run(amount / 5);
  return run(amount);
};

const [candidate = '', , url = '', amount = ''] = process.argv.slice(2);
const open: Readonly<Record<string, () => Promise<Cached> | Cached>> = {
  ashlar: () => openAshlar(url),
  bento: () => openBento(true),
  'bento-plain': () => openBento(false),
};
const cached = await open[candidate]?.();
if (cached === undefined) throw new Error(`there is no cache named ${candidate}`);
process.stdout.write(`${JSON.stringify({ value: await measure(cached, Number(amount)) })}\n`);
process.exit(0);
