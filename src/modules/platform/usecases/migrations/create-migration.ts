import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/create-migration.md */
export const createMigration = ({ installation: { migrations }, listSchemas }: PlatformDeps) =>
  manualCommand({
    operationId: 'create-migration',
    summary: 'Write a migration from the difference between the schemas in code and the database',
    usage: 'migrate create <module> <description>',
    requires: 'migrations',
    input: z.object({
      module: z
        .string()
        .regex(/^[a-z]+$/, 'is a module in lower case')
        .describe('the module whose schema changes'),
      description: z
        .string()
        .regex(/^[a-z0-9]+(_[a-z0-9]+)*$/, 'is words in lower case joined by _')
        .describe('what changes, as in add_locale_to_actors'),
    }),
    output: z.object({ path: z.string() }),
    errors: {},
    render: ({ path }) => `Wrote ${path}: read it, and write what it cannot know (the way down, data to move).`,

    execute: (_ctx, input) => migrations.create({ ...input, schemas: listSchemas() }),
  });
