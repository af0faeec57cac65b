import { z } from 'zod';

const status = z.enum(['ok', 'degraded', 'failed']);

export const healthReport = z.object({
  status,
  release: z.string(),
  process: z.object({
    id: z.uuid(),
    behindMs: z.number().nullable(),
    uptimeSeconds: z.number(),
    heapUsedBytes: z.int(),
    residentBytes: z.int(),
    cpuPercent: z.number(),
    eventLoopP99Ms: z.number(),
  }),
  database: z.object({
    queryMs: z.number(),
    connections: z.int(),
    oldestTransactionSeconds: z.number().nullable(),
    oldestXmin: z.object({ transactions: z.int(), holder: z.string() }).nullable(),
    pool: z.object({
      lanes: z.object({ open: z.int(), inFlight: z.int() }),
      transactions: z.object({ open: z.int(), busy: z.int(), waiting: z.int() }),
    }),
  }),
  redis: z.object({ isUp: z.boolean(), pingMs: z.number().nullable() }).nullable(),
  processes: z.array(
    z.object({
      id: z.uuid(),
      role: z.string(),
      host: z.string(),
      pid: z.int(),
      release: z.string(),
      startedAt: z.iso.datetime(),
      seenAt: z.iso.datetime(),
    }),
  ),
  checks: z.record(z.string(), z.object({ status, detail: z.string().optional() })),
});
