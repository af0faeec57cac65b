/** Latencies in steps of 10 µs up to 5 s; what took longer counts as 5 s. */
export type Histogram = { add(ms: number): void; clear(): void; quantile(share: number): number };

const STEPS_PER_MS = 100;
const STEPS = 500_000;

export const createHistogram = (): Histogram => {
  const counts = new Uint32Array(STEPS + 1);
  return {
    add: (ms) => {
      const step = Math.min(STEPS, Math.floor(ms * STEPS_PER_MS));
      counts[step] = (counts[step] ?? 0) + 1;
    },
    clear: () => counts.fill(0),
    quantile: (share) => {
      const wanted = counts.reduce((sum, count) => sum + count, 0) * share;
      let seen = 0;
      const step = counts.findIndex((count) => (seen += count) >= wanted);
      return (step + 1) / STEPS_PER_MS;
    },
  };
};
