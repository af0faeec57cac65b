import { z } from 'zod';

const rate = z.number().min(0).max(1).nullable();

export const statisticsShape = z.object({
  totalRequests: z.number(),
  errorRate: rate,
  averageLatencyMs: z.number().nullable(),
  p95Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  cacheHitRate: rate,
  tasksDone: z.number(),
});

export const dayShape = statisticsShape.extend({ activeUsers: z.int() });
