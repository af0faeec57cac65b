import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { checkAuditTask, verifyAudit as verifyAuditPermission } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { auditHead } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/verify-audit.md */
export const verifyAudit = ({ kernel: { tasks } }: PlatformDeps) =>
  userAction({
    operationId: 'verify-audit',
    summary: 'Compare the audit trail with its seals, in a task',
    access: 'POST /api/v1/platform/audit/verify',
    actors: ['admin', 'service_acc'],
    permissions: [verifyAuditPermission.name],
    input: z.object({ head: auditHead.optional() }),
    output: z.object({ taskId: z.uuid() }),
    status: 202,
    errors: {},

    execute: (ctx, { head }) =>
      ctx.transaction(async (tx) => {
        const payload = head === undefined ? {} : { head };
        // One at a time is enough, unless they look for different heads.
        const taskId = await tasks.enqueue(tx, checkAuditTask, payload, { uniqueKey: `check-audit ${head ?? ''}` });
        if (taskId === null) throw new Error('a task that keeps what is there was rejected');
        await ctx.audit(tx, { subject: 'audit', after: { taskId } });
        return { taskId };
      }),
  });
