/** How much of the time something dear may take. */
const share = 0.05;

/** Says when something is due: at most every `minMs`, and less often if it takes long. Times in milliseconds. */
export type Pace = {
  isDue(now: number): boolean;
  /** It ran from `startedAt` to `now`. */
  ran(startedAt: number, now: number): void;
};

export const createPace = (minMs: number): Pace => {
  let dueAt = 0;
  return {
    isDue: (now) => now >= dueAt,
    ran: (startedAt, now) => {
      dueAt = now + Math.max(minMs, (now - startedAt) / share);
    },
  };
};
