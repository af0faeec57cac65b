import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import type { Tasks } from '#kernel/tasks/tasks.ts';
import type { Retry, TaskContract } from '#kernel/usecase.ts';

const deliverMailTask = {
  name: 'platform.deliver-mail',
  queue: 'mail',
  payload: z.object({ mailId: z.uuid(), delivery: z.int() }),
} as const satisfies TaskContract;

export const { payload: deliveryPayload, queue: deliveryQueue } = deliverMailTask;

/** Greylisting wants a quarter of an hour (RFC 6647); these are 40 minutes on average. */
export const deliveryRetry: Retry = { attempts: 20, baseDelaySeconds: 10 };

type Delivery = z.output<typeof deliveryPayload>;

/** In the transaction that makes the mail, or asks for it again. */
export const enqueueDelivery = (tasks: Pick<Tasks, 'enqueue'>, tx: Tx, delivery: Delivery) =>
  tasks.enqueue(tx, deliverMailTask, delivery, { uniqueKey: `${delivery.mailId}:${delivery.delivery}` });
