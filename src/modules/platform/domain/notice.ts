import { z } from 'zod';

export const channelNames = ['log', 'webhook', 'email'] as const;
export type ChannelName = (typeof channelNames)[number];

const noticeKinds = [
  'error_opened',
  'error_regressed',
  'error_seen_often',
  'alert_raised',
  'alert_resolved',
  'test',
] as const;

/** What an operator is told: over every channel the same. */
export const notice = z.object({
  kind: z.enum(noticeKinds),
  /** One line. */
  title: z.string().max(300),
  text: z.string().max(2_000),
  at: z.iso.datetime(),
  /** For programs: `{ groupId, operation, code, count, traceId }` of an error, and so on. */
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
});
export type Notice = z.output<typeof notice>;

/** Whoever gets more, reads none of them. */
export const maxNoticesPerMinute = 20;
