/** Lets so many pass at once and keeps the others in line, first come, first served. */
export type HashGate = {
  readonly waiting: number;
  /** False if the line is full or no place became free in time; true must be followed by `leave`. */
  tryEnter(): Promise<boolean>;
  /** Waits as long as it takes, however long the line is. */
  enter(): Promise<void>;
  leave(): void;
};

type GateOptions = { readonly places: number; readonly maxWaiting: number; readonly maxWaitMs: number };

type Waiter = { admit(): void };

/**
 * Hashing occupies threads of libuv, which files and name lookups need too: unbounded, a burst of sign-ins would stop
 * the whole process.
 */
export const createHashGate = ({ places, maxWaiting, maxWaitMs }: GateOptions): HashGate => {
  const line = new Set<Waiter>();
  let inside = 0;

  const wait = (patienceMs: number | null): Promise<boolean> => {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const end = (isAdmitted: boolean) => {
      clearTimeout(timer);
      line.delete(waiter);
      resolve(isAdmitted);
    };
    const waiter = { admit: () => end(true) };
    const timer = patienceMs === null ? undefined : setTimeout(end, patienceMs, false);
    line.add(waiter);
    return promise;
  };

  const hasPlace = (): boolean => {
    if (inside >= places) return false;
    inside += 1;
    return true;
  };

  return {
    get waiting() {
      return line.size;
    },
    tryEnter: async () => hasPlace() || (line.size < maxWaiting && wait(maxWaitMs)),
    enter: async () => {
      if (!hasPlace()) await wait(null);
    },
    leave: () => {
      const [first] = line;
      if (first) first.admit();
      else inside -= 1;
    },
  };
};
