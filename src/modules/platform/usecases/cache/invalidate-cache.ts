import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageCache } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { invalidateIn, isSelective, outdated } from '../../logic/cache-admin.ts';

/** @see docs/modules/platform/usecases/invalidate-cache.md */
export const invalidateCache = ({ kernel }: PlatformDeps) =>
  userAction({
    operationId: 'invalidate-cache',
    summary: 'Have what is cached loaded anew',
    access: 'POST /api/v1/platform/cache/invalidate',
    actors: ['admin', 'service_acc'],
    permissions: [manageCache.name],
    input: z.object(outdated),
    output: null,
    errors: { FILTER_REQUIRED: 'invalid' },

    async execute(ctx, given, fail) {
      if (!isSelective(given)) {
        throw fail('FILTER_REQUIRED', { message: 'name a namespace, keys of a namespace, or tags' });
      }
      await ctx.transaction((tx) => invalidateIn(ctx, kernel, { tx, given }));
    },
  });
