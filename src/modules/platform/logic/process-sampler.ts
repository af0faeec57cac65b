import { statfs } from 'node:fs/promises';
import { freemem, hostname, totalmem } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How this process and its machine did since the sample before. */
export type OwnSample = {
  readonly host: string;
  readonly pid: number;
  /** Of one core; threads of the process count too, so it may exceed 100. */
  readonly cpuPercent: number;
  /** 99th percentile of the turns of the event loop; 0 if it did not turn. */
  readonly eventLoopP99Ms: number;
  readonly residentBytes: number;
  /** Of the machine, or of what a container may use. */
  readonly memoryPercent: number;
  /** Of the file system of the data directory; null if there is no such directory. */
  readonly diskPercent: number | null;
};

export type ProcessSampler = { start(): void; sample(): Promise<OwnSample>; stop(): void };

export const createProcessSampler = (dataDirectory: string): ProcessSampler => {
  // It looks at turns and not at timers, so that an idle process stays asleep.
  const turns = monitorEventLoopDelay({ samplePerIteration: true });
  let cpu = process.cpuUsage();
  let sampledAt = performance.now();
  return {
    start: () => void turns.enable(),
    stop: () => void turns.disable(),
    sample: async () => {
      const now = performance.now();
      const { user, system } = process.cpuUsage(cpu);
      const cpuPercent = (user + system) / 10 / Math.max(now - sampledAt, 1);
      const eventLoopP99Ms = turns.count === 0 ? 0 : turns.percentile(99) / 1e6;
      cpu = process.cpuUsage();
      sampledAt = now;
      turns.reset();
      const { rss: residentBytes } = process.memoryUsage();
      const memoryPercent = readMemory();
      const diskPercent = await readDisk(dataDirectory);
      return {
        host: hostname(),
        pid: process.pid,
        cpuPercent,
        eventLoopP99Ms,
        residentBytes,
        memoryPercent,
        diskPercent,
      };
    },
  };
};

/** A container's limit, where there is one that is below the machine's memory. */
const readMemory = (): number => {
  const limit = process.constrainedMemory();
  const isLimited = limit > 0 && limit < totalmem();
  const total = isLimited ? limit : totalmem();
  const free = isLimited ? process.availableMemory() : freemem();
  return (100 * (total - free)) / total;
};

/** As `df` counts: of what may be used by everybody. */
const readDisk = async (directory: string): Promise<number | null> => {
  try {
    const { blocks, bfree, bavail } = await statfs(directory);
    const used = blocks - bfree;
    return used + bavail === 0 ? null : (100 * used) / (used + bavail);
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return null;
    throw thrown;
  }
};
