import { z } from 'zod';

import type { EventContract } from '#kernel/usecase.ts';

/** What `consumer-process.ts` subscribes to; `n` counts up within a key. */
export const effectEvent = {
  name: 'test.effect_wanted',
  payload: z.object({ n: z.int(), key: z.string() }),
} as const satisfies EventContract;

export const effectOperation = 'make-effect';
