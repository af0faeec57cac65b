import { z } from 'zod';

import { decodeCursor, pageOf, pageQuery, toPage } from '#kernel/page.ts';
import { userAction } from '#kernel/usecase.ts';
import { readAudit } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listAuditBy } from '../../logic/audit-log.ts';
import { auditEvent, auditFilter } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/get-audit-log.md */
export const getAuditLog = ({ kernel: { audit } }: PlatformDeps) =>
  userAction({
    operationId: 'get-audit-log',
    summary: 'List what was changed and refused, newest first',
    access: 'GET /api/v1/platform/audit',
    actors: ['admin', 'service_acc'],
    permissions: [readAudit.name],
    input: z.object({ ...pageQuery, ...auditFilter }),
    output: pageOf(auditEvent),
    errors: {},

    async execute(_ctx, { limit, cursor, ...filter }) {
      const [beforeAt, beforeId] = decodeCursor(cursor, z.tuple([z.iso.datetime(), z.uuid()])) ?? [null, null];
      const rows = await listAuditBy(audit, filter, { beforeAt, beforeId, limit: limit + 1 });
      const { items, nextCursor } = toPage(rows, limit, ({ at, id }) => [at, id]);
      return { items: [...items], nextCursor };
    },
  });
