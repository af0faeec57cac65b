import { type Cache, createCache } from '#kernel/cache/cache.ts';
import { reportCounters } from '#kernel/cache/report-counters.ts';
import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import type { AppConfig } from './config.ts';

type Around = Omit<Parameters<typeof createCache>[0], 'config' | 'presence' | 'isPooled'> &
  Pick<Kernel, 'presence' | 'connection'> & { readonly config: AppConfig };

/** With what it tells others, as long as this process runs. */
export const openCache = async (lifecycle: Lifecycle, { config, ...around }: Around): Promise<Cache> => {
  const { l1Bytes: maxBytes, l1Entries: maxEntries } = config.cache;
  const { isPooled } = around.connection;
  const cache = createCache({ ...around, isPooled, config: { maxBytes, maxEntries } });
  await lifecycle.open(
    'counters of the cache',
    () => reportCounters({ ...around, cache, processId: around.presence.processId }),
    (report) => report.stop(),
  );
  return cache;
};
