import { expect } from 'vitest';

import { test } from './program.ts';

/** How often each statement was sent, as the program itself counts every one. */
const count = async (url: string): Promise<Map<string, number>> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counts = new Map<string, number>();
  for (const [, query = '', value] of text.matchAll(
    /^ashlar_db_query_duration_seconds_count\{query="([^"]+)".*\} (\d+)$/gm,
  )) {
    counts.set(query, (counts.get(query) ?? 0) + Number(value));
  }
  return counts;
};

// The aim is 2.5 a second. The comparison with thresholds, a dozen statements each half minute, is above it.
const pulse = 'kernel.pulse-process';
const pulsesOf = (counts: ReadonlyMap<string, number>) => counts.get(pulse) ?? 0;

/** What was sent while so many pulses were. */
const watch = async (url: string, pulses: number) => {
  const begun = await count(url);
  const startedAt = performance.now();
  let ended = begun;
  await expect
    .poll(async () => pulsesOf((ended = await count(url))) - pulsesOf(begun), { interval: 500, timeout: 60_000 })
    .toBeGreaterThanOrEqual(pulses);
  const seconds = (performance.now() - startedAt) / 1000;
  const sent = Array.from(ended, ([query, value]) => [query, value - (begun.get(query) ?? 0)] as const)
    .filter(([, value]) => value > 0)
    .toSorted(([, a], [, b]) => b - a);
  return { sent, isIdle: sent.reduce((sum, [, value]) => sum + value, 0) <= 3.5 * seconds };
};

test(
  'a process with nothing to do sends two pulses a second, and three statements in two seconds besides at most',
  { timeout: 120_000 },
  async ({ place }) => {
    const { url } = await place.start(['run-all-in-one']);
    let seen = await watch(url, 50);
    // The first may have seen the start, and another what a schedule does.
    for (let round = 0; round < 2 && !seen.isIdle; round += 1) seen = await watch(url, 50);
    // With the list, so that a failure says who sends too much.
    expect(seen).toEqual({ ...seen, isIdle: true });
  },
);
