import { asyncTask } from '#kernel/usecase.ts';
import { resolveAlert as contract } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/resolve-alert.md */
export const resolveAlert = ({ alerts }: PlatformDeps) =>
  asyncTask({
    operationId: 'resolve-alert',
    payload: contract.payload,

    async execute(ctx, { key, value }) {
      await ctx.transaction(async (tx) => {
        await alerts.resolve(tx, key, value ?? null);
        await ctx.completeIn(tx);
      });
    },
  });
