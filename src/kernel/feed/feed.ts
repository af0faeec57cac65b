import type { z } from 'zod';

import type { Tx } from '../database/database.ts';
import { insertNotice } from '../database/feed.ts';
import { kernelError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import { toJsonText } from '../tasks/json-text.ts';
import type { Inbox } from './inbox.ts';

/** Something that every process must learn of. */
export type FeedTopic<P extends z.ZodType = z.ZodType> = {
  /** `module.thing` */
  readonly name: string;
  /** 16 KB of JSON at most. What another release wrote and does not fit is passed over, with a line in the log. */
  readonly data: P;
};

/**
 * Durable notices: written in the transaction of the change, seen by every running process within 1 s of the commit,
 * mostly at once. Order is not promised, and one may come more than once.
 */
export type Feed = {
  /**
   * Exists if tx commits. Listeners of this process are told right after the commit, before `transaction` answers.
   * Throws INPUT_INVALID if the data does not fit.
   */
  publish<P extends z.ZodType>(tx: Tx, topic: FeedTopic<P>, data: z.input<P>): Promise<void>;
  /**
   * fn gets what comes from now on; in the first minute of the process also what was noticed in the 5 minutes and the
   * life of an access token before, so that a restart forgets nothing. It must be idempotent and must not throw.
   * `missed` runs if PostgreSQL was away for longer than notices are kept (2 hours): drop whatever they keep right.
   * Answers how to stop. Until a process has caught up, `presence.behindMs` says how old its knowledge is.
   */
  listen<P extends z.ZodType>(topic: FeedTopic<P>, fn: (data: z.output<P>) => void, missed?: () => void): () => void;
};

const maxBytes = 16_384;

type FeedOptions = {
  readonly inbox: Inbox;
  /** Tells the other processes that there is something to read. May be lost. */
  readonly hurry: () => void;
  readonly log: Logger;
};

export const createFeed = ({ inbox, hurry, log }: FeedOptions): Feed => {
  let isHurrying = false;
  /** Once for all that is published in this turn of the event loop. */
  const hurryOnce = (): void => {
    if (isHurrying) return;
    isHurrying = true;
    setImmediate(() => {
      isHurrying = false;
      hurry();
    });
  };
  return {
    publish: async (tx, topic, data) => {
      const text = toText(topic, data);
      const [inserted] = await insertNotice(tx, { topic: topic.name, data: text });
      if (inserted === undefined) return;
      tx.afterCommit(() => {
        inbox.apply({ ...inserted, topic: topic.name, data: JSON.parse(text) });
        hurryOnce();
      });
    },
    listen: (topic, fn, missed = () => undefined) =>
      inbox.listen({
        topic: topic.name,
        missed,
        tell: (data) => {
          const parsed = topic.data.safeParse(data);
          if (parsed.success) fn(parsed.data);
          else log.warn({ topic: topic.name, err: parsed.error }, 'a notice of another release was passed over');
        },
      }),
  };
};

/** Tested as it will be read. */
const toText = ({ name, data: schema }: FeedTopic, data: unknown): string => {
  const text = toJsonText(`the notice ${name}`, data, maxBytes);
  const parsed = schema.safeParse(JSON.parse(text));
  if (parsed.success) return text;
  throw kernelError('INPUT_INVALID', {
    details: { message: `the notice ${name} does not fit its topic` },
    cause: parsed.error,
  });
};
