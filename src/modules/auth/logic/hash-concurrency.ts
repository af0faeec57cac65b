import { availableParallelism } from 'node:os';

import type { Environment } from '#kernel/config/layers.ts';

/** libuv's own, where UV_THREADPOOL_SIZE does not say another. */
const defaultThreads = 4;

/** How many hash at once: never every thread of libuv, nor more than there are processors. */
export const hashConcurrency = (setting: number | 'auto', { UV_THREADPOOL_SIZE }: Environment): number => {
  const threads = Number(UV_THREADPOOL_SIZE) || defaultThreads;
  return setting === 'auto' ? Math.max(1, Math.min(availableParallelism(), threads - 1)) : setting;
};
