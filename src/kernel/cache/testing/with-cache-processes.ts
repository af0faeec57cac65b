import { test as base } from '#test/database.ts';
import { type CacheProcess, openCacheProcess } from './open-cache-process.ts';

type Options = Omit<Parameters<typeof openCacheProcess>[0], 'url'>;

/** `start` opens one more process on the database of the file. */
export const test = base.extend('start', async ({ databaseUrl }, { onCleanup }) => {
  const opened: CacheProcess[] = [];
  onCleanup(async () => {
    for (const one of opened) await one.close();
  });
  return async (options: Options = {}) => {
    const one = await openCacheProcess({ url: databaseUrl, ...options });
    opened.push(one);
    return one;
  };
});

/** Loads 1, 2, 3, …; waits for the gate first, if there is one. */
export const createSource = () => {
  const source = {
    loads: 0,
    gate: Promise.resolve(),
    load: async () => {
      source.loads += 1;
      const value = source.loads;
      await source.gate;
      return value;
    },
  };
  return source;
};
