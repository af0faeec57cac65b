import { z } from 'zod';

/** As in the path of a request and as an argument of a command. */
export const subscriptionName = z.string().min(1).max(512);

/** The fields by which events are found, in the query of a list and as options of a command. */
export const eventFilter = {
  name: z.string().max(512).optional().describe('only of this name'),
  key: z.string().max(512).optional().describe('only of this key'),
  from: z.iso.datetime().optional().describe('published at this time or later'),
  to: z.iso.datetime().optional().describe('published before this time'),
};

export const eventSummary = z.object({
  id: z.uuid(),
  name: z.string(),
  key: z.string().nullable(),
  payload: z.unknown(),
  createdAt: z.iso.datetime(),
});

export const deadEventSummary = eventSummary.extend({
  reason: z.enum(['attempts_exhausted', 'timed_out', 'payload_invalid']),
  attempt: z.int(),
  errors: z.array(z.unknown()),
  diedAt: z.iso.datetime(),
});

export const subscriptionSummary = z.object({
  name: z.string(),
  event: z.string(),
  position: z.object({ xid: z.number(), seq: z.number() }),
  processId: z.uuid().nullable(),
  pausedAt: z.iso.datetime().nullable(),
  unread: z.int(),
  lagSeconds: z.number(),
  parked: z.int(),
  dead: z.int(),
});

/** What is handled again; without any of it, everything that the log holds. */
export const replayRange = {
  from: eventFilter.from,
  to: eventFilter.to,
  key: eventFilter.key,
};
