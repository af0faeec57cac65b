import { z } from 'zod';

import { readOwnStamp } from '../database/cache.ts';
import type { Tx } from '../database/database.ts';
import type { Feed, FeedTopic } from '../feed/feed.ts';
import type { Flights } from './flights.ts';
import type { Ledger } from './ledger.ts';
import type { MemoryTier } from './memory-tier.ts';
import { idOfName, nameOfKey, nameOfNamespace, nameOfTag } from './namespace.ts';

export type Outdated = {
  readonly keys?: readonly { readonly namespace: string; readonly key: string }[];
  readonly tags?: readonly string[];
  /** Everything in them. */
  readonly namespaces?: readonly string[];
};

const cacheInvalidated = {
  name: 'kernel.cache-invalidated',
  data: z.object({ names: z.array(z.string()), xid: z.number(), atMs: z.number() }),
} as const satisfies FeedTopic;

const noticeChars = 6_000;

export const publishOutdated = async (feed: Feed, tx: Tx, outdated: Outdated): Promise<void> => {
  const { keys = [], tags = [], namespaces = [] } = outdated;
  const names = [
    ...keys.map(({ namespace, key }) => nameOfKey(namespace, key)),
    ...tags.map(nameOfTag),
    ...namespaces.map(nameOfNamespace),
  ];
  if (names.length === 0) return;
  const [stamp] = await readOwnStamp(tx);
  if (stamp === undefined) throw new Error('a statement without a table answered no row');
  for (const part of inParts(names)) await feed.publish(tx, cacheInvalidated, { ...stamp, names: part });
};

/** A notice has room for 16 KB; some characters take three bytes. */
const inParts = (names: readonly string[]): string[][] => {
  const parts: string[][] = [];
  let chars = Infinity;
  for (const name of names) {
    chars += name.length + 3;
    if (chars > noticeChars) {
      parts.push([]);
      chars = name.length + 3;
    }
    parts.at(-1)?.push(name);
  }
  return parts;
};

type Watched = { readonly memory: MemoryTier; readonly ledger: Ledger; readonly flights: Flights };

/** Forgets what is outdated as soon as this process learns of it. `since`: from then on it learns of everything. */
export const watchOutdated = (feed: Feed, { memory, ledger, flights }: Watched): { readonly since: number } => {
  const watch = { since: performance.now() };
  feed.listen(
    cacheInvalidated,
    (invalidation) => {
      ledger.note(invalidation);
      memory.drop(invalidation.names);
      const ids = invalidation.names.map(idOfName);
      // What tags a load will have, is not known yet.
      flights.leave(ids.includes(null) ? 'all' : ids.filter((id) => id !== null));
    },
    () => {
      watch.since = performance.now();
      ledger.forget();
      memory.clear();
      flights.leave('all');
    },
  );
  return watch;
};
