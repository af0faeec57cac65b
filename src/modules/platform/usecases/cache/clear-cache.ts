import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { invalidateIn, isSelective } from '../../logic/cache-admin.ts';

/** @see docs/modules/platform/usecases/clear-cache.md */
export const clearCache = ({ kernel }: PlatformDeps) =>
  manualCommand({
    operationId: 'clear-cache',
    summary: 'Have what is cached loaded anew',
    usage: 'cache invalidate',
    input: z.object({
      namespace: z.string().min(1).max(512).optional().describe('all of this namespace, or a key of it'),
      key: z.string().min(1).max(512).optional().describe('only this key of the namespace'),
      tag: z.string().min(1).max(512).optional().describe('whatever has this tag'),
    }),
    output: z.object({ namespace: z.string().nullable(), key: z.string().nullable(), tag: z.string().nullable() }),
    errors: { FILTER_REQUIRED: 'invalid' },
    render: () => 'It is loaded anew when somebody asks for it, in every process within a second.',

    async execute(ctx, { namespace, key, tag }, fail) {
      const given = { namespace, keys: key === undefined ? [] : [key], tags: tag === undefined ? [] : [tag] };
      if (!isSelective(given)) {
        throw fail('FILTER_REQUIRED', { message: 'give --namespace, --namespace and --key, or --tag' });
      }
      await ctx.transaction((tx) => invalidateIn(ctx, kernel, { tx, given }));
      return { namespace: namespace ?? null, key: key ?? null, tag: tag ?? null };
    },
  });
