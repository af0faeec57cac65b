import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/revert-migrations.md */
export const revertMigrations = ({ installation: { migrations } }: PlatformDeps) =>
  manualCommand({
    operationId: 'revert-migrations',
    summary: 'Revert the newest migrations, with the data that they hold',
    usage: 'migrate down',
    requires: 'database',
    input: z.object({
      steps: z.coerce.number().int().min(1).default(1).describe('how many to revert (default 1)'),
      force: z.boolean().default(false).describe('needed in production'),
    }),
    output: z.object({ reverted: z.array(z.string()) }),
    errors: {},
    confirm: ({ steps }) =>
      `Revert ${steps === 1 ? 'the newest migration' : `the ${steps} newest migrations`}? The data in it is lost.`,
    render: ({ reverted }) =>
      reverted.length === 0 ? 'Nothing to revert.' : reverted.map((name) => `reverted ${name}`).join('\n'),

    async execute(_ctx, { steps, force }) {
      return { reverted: [...(await migrations.down({ steps, isForced: force }))] };
    },
  });
