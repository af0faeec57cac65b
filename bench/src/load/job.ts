/** One load of one server, as the runner asks it of the generator's process. */
export type LoadJob = {
  readonly port: number;
  /** The whole request as it goes over the wire. */
  readonly request: string;
  /** The body that every answer must have; null: it differs from answer to answer, only the status is checked. */
  readonly body: string | null;
  readonly connections: number;
  /** Load that is not counted. */
  readonly warmupSeconds: number;
  readonly seconds: number;
  /** Whose CPU time is read at both ends of the window, descendants included. */
  readonly serverPid: number;
  readonly databasePid: number;
};

export type LoadResult = {
  readonly requests: number;
  readonly seconds: number;
  /** Answers in each whole second of the window. */
  readonly perSecond: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Microseconds of CPU in the window. */
  readonly serverCpu: number;
  readonly databaseCpu: number;
  readonly generatorCpu: number;
  /** What everything else on the machine used meanwhile. */
  readonly otherCpu: number;
  /** Bytes of the server's memory under load. */
  readonly serverMemory: number;
  /** What went wrong, and how often; empty for a clean load. */
  readonly errors: Readonly<Record<string, number>>;
};
