import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/get-migrations.md */
export const getMigrations = ({ installation: { migrations } }: PlatformDeps) =>
  manualCommand({
    operationId: 'get-migrations',
    summary: 'List the migrations and whether each is applied',
    usage: 'migrate status',
    requires: 'database',
    input: z.object({}),
    output: z.object({
      migrations: z.array(
        z.object({
          name: z.string(),
          state: z.enum(['applied', 'pending', 'changed', 'missing']),
          appliedAt: z.string().nullable(),
        }),
      ),
    }),
    errors: {},
    render: (output) =>
      output.migrations
        .map(({ name, state, appliedAt }) => [state.padEnd(8), name, appliedAt ?? ''].join('  ').trimEnd())
        .join('\n'),

    async execute() {
      return { migrations: [...(await migrations.status())] };
    },
  });
