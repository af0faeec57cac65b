import { openSession } from '#kernel/database/open-session.ts';
import { numbersIn, openCacheProcess } from './open-cache-process.ts';

/** Asks 250 times at once for what takes a moment to load, when it is told to. */
const [url = '', tier = 'database', redisUrl] = process.argv.slice(2);
const { cache } = await openCacheProcess({ url, ...(redisUrl !== undefined && { redisUrl }) });
const { sql } = await openSession({ url, name: 'test' });
const namespace = numbersIn(tier === 'shared' ? 'shared' : 'database');
process.on('message', (key: string) => {
  const load = async () => {
    await sql`insert into public.loads default values`;
    await sql`select pg_sleep(0.3)`;
    return 42;
  };
  void Promise.all(Array.from({ length: 250 }, () => cache.get(namespace, key, load))).then((answers) =>
    process.send?.(answers),
  );
});
process.send?.('ready');
