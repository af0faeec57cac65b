import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { z } from 'zod';

import { createCache } from '../../../src/kernel/cache/cache.ts';
import type { CacheNamespace } from '../../../src/kernel/cache/namespace.ts';
import { createFeed } from '../../../src/kernel/feed/feed.ts';
import { openGround } from './ashlar-ground.ts';
import { printValue } from './print-value.ts';

type Card = { readonly id: number; readonly name: string; readonly rates: readonly number[] };
type Cached = { get(key: string): Promise<Card> };

const keys = Array.from({ length: 1_000 }, (_, n) => `customer-${n}`);
const limits = { maxBytes: 67_108_864, maxEntries: 50_000 };
const load = (key: string): Promise<Card> => Promise.resolve({ id: key.length, name: key, rates: [1, 2, 3] });

/** As the program runs it: counted, tagged, beside a pulse. */
const openAshlar = async (url: string): Promise<Cached> => {
  const { database, inbox, metrics, log, openPresence } = await openGround(url);
  const presence = await openPresence();
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
printValue(await measure(cached, Number(amount)));
