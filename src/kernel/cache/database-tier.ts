import type { Database } from '../database/database.ts';
import { findCacheEntry, tryLockLoad, unlockLoad, upsertCacheEntry } from '../database/cache.ts';
import type { Logger } from '../observability/logger.ts';
import type { Presence } from '../presence/presence.ts';
import type { Kept, KeptEntry } from './shared-tier.ts';

export type Place = { readonly namespace: string; readonly key: string };

/** L3. What PostgreSQL refuses or does not answer is a miss: whoever loads will see whether it is away. */
export type DatabaseTier = {
  read(place: Place): Promise<Kept | null>;
  write(place: Place, entry: KeptEntry): Promise<void>;
  /** Answers how to unlock; null: another process loads it. Where session locks do not work, nobody waits. */
  lock(id: string): Promise<(() => Promise<void>) | null>;
};

type Options = {
  readonly database: Pick<Database, 'lanes'>;
  readonly presence: Pick<Presence, 'db'>;
  /** True behind a transaction pooler. */
  readonly isPooled: boolean;
  readonly log: Logger;
};

export const createDatabaseTier = ({ database: { lanes }, presence, isPooled, log }: Options): DatabaseTier => {
  const orNull = <T>(work: Promise<T>): Promise<T | null> =>
    work.catch((err: unknown) => {
      log.debug({ err }, 'the table of cached values could not be used');
      return null;
    });
  return {
    read: async (place) => (await orNull(findCacheEntry(lanes, place)))?.[0] ?? null,
    write: async (place, entry) => void (await orNull(upsertCacheEntry(lanes, { ...place, ...entry }))),
    lock: async (id) => {
      const { db } = presence;
      if (db === null || isPooled) return () => Promise.resolve();
      const rows = await orNull(tryLockLoad(db, { id }));
      if (rows?.[0]?.isLocked === false) return null;
      return async () => {
        if (rows !== null) await orNull(unlockLoad(db, { id }));
      };
    },
  };
};
