import { Logger, makeWorkerUtils, run } from 'graphile-worker';

import { createEffects, type OpenEvents } from './events.ts';

const insertEffect = { name: 'insert-effect', text: 'insert into public.effects (n) values ($1)' };

/** A job that inserts by a prepared statement; each is taken and completed by a statement of its own. Its log is left out. */
export const openGraphileEvents: OpenEvents = async (connectionString) => {
  const logger = new Logger(() => () => undefined);
  const utils = await makeWorkerUtils({ connectionString, logger });
  await utils.migrate();
  await utils.withPgClient((client) => client.query(createEffects));
  return {
    publish: async (first, count) => {
      await utils.addJobs(Array.from({ length: count }, (_, at) => ({ identifier: 'happened', payload: { n: first + at } })));
    },
    handle: async ({ onStart, onEnd }) => {
      await run({
        preset: { worker: { connectionString, concurrentJobs: 24, maxPoolSize: 25 } },
        logger,
        noHandleSignals: true,
        taskList: {
          happened: async (payload, helpers) => {
            onStart();
            const { n } = payload as { n: number };
            await helpers.withPgClient((client) => client.query({ ...insertEffect, values: [n] }));
            onEnd();
          },
        },
      });
    },
    countRows: () =>
      utils.withPgClient(async (client) => {
        const { rows } = await client.query<{ count: number }>('select count(*)::int as count from public.effects');
        return rows[0]?.count ?? 0;
      }),
  };
};
