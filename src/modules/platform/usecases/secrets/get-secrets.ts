import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readSecrets } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { secretView, viewSecrets } from '../../logic/named-secrets.ts';
import { listSecretRows } from '../../store/secrets.ts';

/** @see docs/modules/platform/usecases/get-secrets.md */
export const getSecrets = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-secrets',
    summary: 'List the named secrets, never their values',
    access: 'GET /api/v1/platform/secrets',
    actors: ['admin', 'service_acc'],
    permissions: [readSecrets.name],
    input: z.object(pageQuery),
    output: pageOf(secretView),
    errors: {},

    async execute(_ctx, { limit, cursor }) {
      const [after] = decodeCursor(cursor, z.tuple([z.string()])) ?? [''];
      const rows = await listSecretRows(database.lanes, { after, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ name }) => [name]);
      return { items: await viewSecrets(database.lanes, items), nextCursor };
    },
  });
