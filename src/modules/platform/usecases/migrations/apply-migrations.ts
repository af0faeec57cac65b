import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/apply-migrations.md */
export const applyMigrations = ({ installation: { migrations } }: PlatformDeps) =>
  manualCommand({
    operationId: 'apply-migrations',
    summary: 'Apply every pending migration',
    usage: 'migrate up',
    requires: 'database',
    input: z.object({}),
    output: z.object({ applied: z.array(z.string()) }),
    errors: {},
    render: ({ applied }) =>
      applied.length === 0 ? 'Nothing to apply.' : applied.map((name) => `applied ${name}`).join('\n'),

    async execute() {
      return { applied: [...(await migrations.up())] };
    },
  });
