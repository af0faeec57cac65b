import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { isFile, readLines, toOutput } from '../../logic/audit-log.ts';
import { auditHead, type VerificationOutput, verification } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/inspect-audit.md */
export const inspectAudit = ({ kernel: { audit } }: PlatformDeps) =>
  manualCommand({
    operationId: 'inspect-audit',
    summary: 'Compare the audit trail, or an export of it, with its seals',
    usage: 'audit verify',
    input: z.object({
      file: z.string().min(1).optional().describe('an export instead of the database'),
      head: auditHead.optional().describe('a hash that was kept elsewhere and must be in the chain'),
      publicKey: z
        .base64()
        .length(44)
        .optional()
        .describe('with --file: the key that must have signed it, if it comes from another installation'),
    }),
    output: verification,
    errors: { FILE_NOT_FOUND: 'not_found' },
    isFailure: ({ findingCount }) => findingCount > 0,
    render,

    async execute({ signal }, { file, head, publicKey }, fail) {
      if (file === undefined) return toOutput(await audit.verify({ head, signal }));
      if (!(await isFile(file))) throw fail('FILE_NOT_FOUND', { message: `there is no file ${file}` });
      return toOutput(await audit.verifyExport(readLines(file), { head, publicKey }));
    },
  });

const render = ({
  events,
  seals,
  unsealed,
  head,
  keys,
  absentMonths,
  findings,
  findingCount,
}: VerificationOutput): string =>
  [
    `${events} events, ${seals} seals, ${unsealed} events not sealed yet.`,
    ...(head === null ? [] : [`The chain ends with seal ${head.seq}: ${head.hash}`]),
    ...keys.map(({ id, publicKey }) => `Signed with key ${id}: ${publicKey}`),
    ...(absentMonths.length === 0 ? [] : [`Without their events: ${absentMonths.join(', ')}`]),
    ...findings.map(({ kind, message }) => `${kind}: ${message}`),
    ...(findingCount > findings.length ? [`and ${findingCount - findings.length} more`] : []),
    findingCount === 0 ? 'Everything is as it was sealed.' : `${findingCount} findings.`,
  ].join('\n');
