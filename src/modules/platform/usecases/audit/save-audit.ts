import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { writeNewFile } from '../../logic/audit-log.ts';
import { auditMonth } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/save-audit.md */
export const saveAudit = ({ kernel: { audit } }: PlatformDeps) =>
  manualCommand({
    operationId: 'save-audit',
    summary: 'Export the audit trail with its seals to a new file',
    usage: 'audit export',
    input: z.object({
      file: z.string().min(1).describe('the file to make'),
      month: auditMonth.optional().describe('only this month, such as 2026-11'),
    }),
    output: z.object({ file: z.string(), sizeBytes: z.int() }),
    errors: { FILE_EXISTS: 'conflict' },
    render: ({ file, sizeBytes }) => `Wrote ${sizeBytes} bytes: ./ashlar audit verify --file ${file}`,

    async execute(ctx, { file, month = null }, fail) {
      await ctx.transaction((tx) => ctx.audit(tx, { subject: 'audit', after: { exported: month ?? 'everything' } }));
      const sizeBytes = await writeNewFile(file, audit.export({ month }));
      if (sizeBytes === null) throw fail('FILE_EXISTS', { message: `${file} is there already: name another one` });
      return { file, sizeBytes };
    },
  });
