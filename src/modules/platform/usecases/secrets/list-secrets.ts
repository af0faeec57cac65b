import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { secretView, viewSecrets } from '../../logic/named-secrets.ts';
import { listSecretRows } from '../../store/secrets.ts';

/** @see docs/modules/platform/usecases/list-secrets.md */
export const listSecrets = ({ kernel: { database } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-secrets',
    summary: 'List the named secrets, never their values',
    usage: 'secrets list',
    input: z.object({
      limit: z.coerce.number().int().min(1).max(1000).default(200).describe('how many (default 200)'),
      after: z.string().max(200).default('').describe('only names behind this one'),
    }),
    output: z.object({ items: z.array(secretView) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ name, version, updatedAt, allowedHosts, description }) =>
          [name, `version ${version}`, updatedAt, allowedHosts?.join(', ') ?? 'any host', description ?? '']
            .join('  ')
            .trimEnd(),
        )
        .join('\n') || 'No secrets.',

    async execute(_ctx, page) {
      return { items: await viewSecrets(database.lanes, await listSecretRows(database.lanes, page)) };
    },
  });
