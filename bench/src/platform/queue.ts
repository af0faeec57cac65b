/** A task queue as the bench sees it, in a process of its own with a database of its own. */
export type Queue = {
  /** So many tasks that do nothing, by the fastest way that the library has. */
  enqueueMany(count: number): Promise<void>;
  /** One, in a transaction of its own. */
  enqueue(): Promise<void>;
  work(onRun: () => void): Promise<void>;
  close(): Promise<void>;
};

export type OpenQueue = (url: string) => Promise<Queue>;
