import { setTimeout as sleep } from 'node:timers/promises';

type Poll = { readonly everyMs: number; readonly deadlineMs: number };

/** Asks until the answer is not null, and gives it; null if the deadline passed. Asks at least once. */
export const poll = async <T>(ask: () => Promise<T | null>, { everyMs, deadlineMs }: Poll): Promise<T | null> => {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() >= deadline) return null;
    await sleep(everyMs);
  }
};
