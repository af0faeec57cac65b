import { asyncTask } from '#kernel/usecase.ts';
import { raiseAlert as contract } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/raise-alert.md */
export const raiseAlert = ({ alerts }: PlatformDeps) =>
  asyncTask({
    operationId: 'raise-alert',
    payload: contract.payload,

    async execute(ctx, finding) {
      await ctx.transaction(async (tx) => {
        await alerts.raise(tx, finding);
        await ctx.completeIn(tx);
      });
    },
  });
