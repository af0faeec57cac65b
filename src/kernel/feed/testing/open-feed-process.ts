import { z } from 'zod';

import { openDatabase } from '#kernel/database/open-database.ts';
import { createFeed } from '#kernel/feed/feed.ts';
import { Inbox, type InboxOptions } from '#kernel/feed/inbox.ts';
import { startPresence } from '#kernel/presence/open-presence.ts';
import { buildLog, noMetrics, noTelemetry } from '#test/build.ts';

export const numbers = { name: 'test.numbers', data: z.object({ n: z.int() }) };

type Options = Partial<InboxOptions> & { readonly url: string };

/** What a process needs to write and read the feed; without a bus, so that only the pulse brings anything. */
export const openFeedProcess = async ({ url, ...options }: Options) => {
  const lines: Record<string, unknown>[] = [];
  const log = buildLog(lines);
  const observer = { metrics: noMetrics, telemetry: noTelemetry };
  const database = await openDatabase({ url, log, ...observer });
  const inbox = new Inbox({ windowSeconds: 1_200, log, ...options });
  const presence = startPresence({ url, isPooled: false, role: 'test', release: 'test', inbox, observer, log });
  await presence.untilPulse(5_000);
  const feed = createFeed({ inbox, log, hurry: () => undefined });
  return {
    database,
    presence,
    feed,
    lines,
    publish: (n: number) => database.transaction((tx) => feed.publish(tx, numbers, { n })),
    /** Every number that it is told, as it is told. */
    listen: () => {
      const seen: number[] = [];
      feed.listen(numbers, ({ n }) => seen.push(n));
      return seen;
    },
    close: async () => {
      await presence.close();
      await database.close();
    },
  };
};
