import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import type { Ctx } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../deps.ts';

const held = z.object({ entries: z.int(), bytes: z.number() });

export const cacheReport = z.object({
  l1: z.object({ maxEntries: z.int(), maxBytes: z.int() }),
  redis: z.enum(['up', 'lost']).nullable(),
  namespaces: z.array(
    z.object({
      namespace: z.string(),
      hits: z.object({ l1: z.int(), l2: z.int(), l3: z.int() }),
      loads: z.int(),
      stale: z.int(),
      failed: z.int(),
      l1: held,
      l3: held,
    }),
  ),
});

const name = () => z.string().min(1).max(512);

/** What is to be loaded anew: keys of a namespace, all of it, or whatever has a tag. */
export const outdated = {
  namespace: name().optional(),
  keys: z.array(name()).max(1_000).optional(),
  tags: z.array(name()).max(1_000).optional(),
};

type Given = {
  readonly namespace?: string | undefined;
  readonly keys?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
};

/** False: it names nothing, or keys without their namespace. */
export const isSelective = ({ namespace, keys = [], tags = [] }: Given): boolean =>
  namespace === undefined ? keys.length === 0 && tags.length > 0 : true;

type Invalidation = { readonly tx: Tx; readonly given: Given };

export const invalidateIn = async (
  ctx: Ctx,
  { cache }: PlatformDeps['kernel'],
  { tx, given }: Invalidation,
): Promise<void> => {
  const { namespace, keys = [], tags = [] } = given;
  const isWhole = namespace !== undefined && keys.length === 0;
  await cache.invalidate(tx, {
    tags,
    ...(isWhole && { namespaces: [namespace] }),
    ...(namespace !== undefined && { keys: keys.map((key) => ({ namespace, key })) }),
  });
  await ctx.audit(tx, { subject: `cache:${namespace ?? 'tags'}`, after: { keys, tags } });
};
