import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { lockAlertState, updateAlert } from '../../store/alerts.ts';

/** @see docs/modules/platform/usecases/acknowledge-alert.md */
export const acknowledgeAlert = ({ kernel: { now } }: PlatformDeps) =>
  userAction({
    operationId: 'acknowledge-alert',
    summary: 'Say that somebody is at it',
    access: 'POST /api/v1/platform/alerts/{id}/acknowledge',
    actors: ['admin', 'service_acc'],
    permissions: [manageErrors.name],
    input: z.object({ id: z.uuid() }),
    output: null,
    errors: { ALERT_NOT_FOUND: 'not_found', STATE_UNCHANGED: 'conflict' },

    async execute(ctx, { id }, fail) {
      await ctx.transaction(async (tx) => {
        const state = await lockAlertState(tx, id);
        if (state === null) throw fail('ALERT_NOT_FOUND');
        if (state !== 'active') throw fail('STATE_UNCHANGED');
        const acknowledged = { acknowledgedAt: now(), acknowledgedBy: ctx.actor?.id ?? null };
        await updateAlert(tx, id, { state: 'acknowledged', ...acknowledged });
        await ctx.audit(tx, { subject: `alert:${id}`, before: { state }, after: { state: 'acknowledged' } });
      });
    },
  });
