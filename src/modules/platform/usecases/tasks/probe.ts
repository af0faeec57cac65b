import { setTimeout as delay } from 'node:timers/promises';

import { asyncTask } from '#kernel/usecase.ts';
import { probeTask } from '#portals/platform.ts';

const stepMs = 250;

/** @see docs/modules/platform/usecases/probe.md */
export const probe = () =>
  asyncTask({
    operationId: 'probe',
    payload: probeTask.payload,
    timeoutSeconds: 3660,

    async execute(ctx, { seconds }) {
      const startedAt = performance.now();
      for (let waited = 0; waited < seconds * 1000; waited = performance.now() - startedAt) {
        ctx.progress((waited / (seconds * 1000)) * 100, `${Math.floor(waited / 1000)} of ${seconds} s`);
        await delay(Math.min(stepMs, seconds * 1000 - waited), undefined, { signal: ctx.signal });
      }
      await ctx.transaction((tx) => ctx.completeIn(tx, { seconds, attempt: ctx.attempt }));
    },
  });
