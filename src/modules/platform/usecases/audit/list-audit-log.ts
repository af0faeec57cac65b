import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { listAuditBy } from '../../logic/audit-log.ts';
import { auditEvent, auditFilter } from '../../logic/audit-shapes.ts';

/** @see docs/modules/platform/usecases/list-audit-log.md */
export const listAuditLog = ({ kernel: { audit } }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-audit-log',
    summary: 'List what was changed and refused, newest first',
    usage: 'audit list',
    input: z.object({
      ...auditFilter,
      limit: z.coerce.number().int().min(1).max(1000).default(50).describe('how many (default 50)'),
    }),
    output: z.object({ items: z.array(auditEvent) }),
    errors: {},
    render: ({ items }) => (items.length === 0 ? 'Nothing.' : items.map(renderEvent).join('\n')),

    async execute(_ctx, { limit, ...filter }) {
      return { items: await listAuditBy(audit, filter, { beforeAt: null, beforeId: null, limit }) };
    },
  });

const renderEvent = ({
  at,
  actorType,
  actorId,
  operation,
  subject,
  outcome,
  code,
  count,
  after,
}: z.output<typeof auditEvent>) =>
  [
    at,
    actorId === null ? actorType : `${actorType}:${actorId}`,
    operation,
    outcome === 'ok' ? (subject ?? '-') : `${code ?? outcome}${count > 1 ? ` x ${count}` : ''}`,
    after === null ? '' : JSON.stringify(after),
  ]
    .join('  ')
    .trimEnd();
