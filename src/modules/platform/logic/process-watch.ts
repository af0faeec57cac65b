import { monitorEventLoopDelay } from 'node:perf_hooks';

export type ProcessSample = {
  readonly uptimeSeconds: number;
  readonly heapUsedBytes: number;
  readonly residentBytes: number;
  /** Of one core, since the sample before; may exceed 100. */
  readonly cpuPercent: number;
  /** 99th percentile of how late the event loop's timers were since the sample before. */
  readonly eventLoopP99Ms: number;
};

export type ProcessWatch = { start(): void; sample(): ProcessSample; stop(): void };

const resolutionMs = 20;

export const createProcessWatch = (): ProcessWatch => {
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  let cpu = process.cpuUsage();
  let sampledAt = performance.now();
  return {
    start: () => void delay.enable(),
    stop: () => void delay.disable(),
    sample: () => {
      const now = performance.now();
      const { user, system } = process.cpuUsage(cpu);
      const eventLoopP99Ms = Math.max(0, delay.percentile(99) / 1e6 - resolutionMs);
      const cpuPercent = (user + system) / 10 / Math.max(now - sampledAt, 1);
      cpu = process.cpuUsage();
      sampledAt = now;
      delay.reset();
      const { heapUsed: heapUsedBytes, rss: residentBytes } = process.memoryUsage();
      return { uptimeSeconds: process.uptime(), heapUsedBytes, residentBytes, cpuPercent, eventLoopP99Ms };
    },
  };
};
