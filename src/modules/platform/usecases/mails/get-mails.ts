import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readMails } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { mailStates } from '../../domain/mail.ts';
import { mailSummary } from '../../logic/mail-shapes.ts';
import { listMails } from '../../store/mails.ts';

/** @see docs/modules/platform/usecases/get-mails.md */
export const getMails = ({ kernel: { database } }: PlatformDeps) =>
  userAction({
    operationId: 'get-mails',
    summary: 'List what was written to whom, newest first',
    access: 'GET /api/v1/platform/mails',
    actors: ['admin', 'service_acc'],
    permissions: [readMails.name],
    input: z.object({
      ...pageQuery,
      state: z.enum(mailStates).optional(),
      to: z.string().max(254).optional(),
      template: z.string().max(100).optional(),
    }),
    output: pageOf(mailSummary),
    errors: {},

    async execute(_ctx, { limit, cursor, state, to: recipient, template }) {
      const [before] = decodeCursor(cursor, z.tuple([z.uuid()])) ?? [null];
      const rows = await listMails(database.lanes, { state, recipient, template }, { before, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ id }) => [id]);
      return { items: [...items], nextCursor };
    },
  });
