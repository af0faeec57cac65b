import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/stop-database.md */
export const stopDatabase = ({ installation: { stopEmbeddedDatabase } }: PlatformDeps) =>
  manualCommand({
    operationId: 'stop-database',
    summary: 'Stop the embedded PostgreSQL that killed processes left running',
    usage: 'db stop',
    requires: 'config',
    input: z.object({}),
    output: z.object({ state: z.enum(['stopped', 'not_running']) }),
    errors: { DATABASE_NOT_EMBEDDED: 'conflict', DATABASE_IN_USE: 'conflict' },
    render: ({ state }) => (state === 'stopped' ? 'The embedded database is stopped.' : 'It was not running.'),

    async execute(_ctx, _input, fail) {
      if (!stopEmbeddedDatabase) {
        throw fail('DATABASE_NOT_EMBEDDED', { message: 'the database is external: stop it where it runs' });
      }
      const state = await stopEmbeddedDatabase();
      if (state === 'in_use') {
        throw fail('DATABASE_IN_USE', { message: 'processes of Ashlar use it: stop them, and it stops with the last' });
      }
      return { state };
    },
  });
