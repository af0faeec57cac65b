import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { exportAudit as exportAuditPermission } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { auditMonth } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/export-audit.md */
export const exportAudit = ({ kernel: { audit } }: PlatformDeps) =>
  userAction({
    operationId: 'export-audit',
    summary: 'Export the audit trail with its seals',
    access: 'GET /api/v1/platform/audit/export',
    actors: ['admin', 'service_acc'],
    permissions: [exportAuditPermission.name],
    input: z.object({ month: auditMonth.optional() }),
    output: { mediaType: 'application/x-ndjson', description: 'A line of JSON for each seal and each event.' },
    errors: {},

    async execute(ctx, { month = null }) {
      // Who took everything away is worth knowing, whether or not it arrived.
      await ctx.transaction((tx) => ctx.audit(tx, { subject: 'audit', after: { exported: month ?? 'everything' } }));
      const name = `audit-${month ?? 'all'}.ndjson`;
      return { body: audit.export({ month }), headers: { 'content-disposition': `attachment; filename="${name}"` } };
    },
  });
