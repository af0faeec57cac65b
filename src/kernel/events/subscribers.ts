import type { EventSubscriber, Retry } from '../usecase.ts';

/** An event subscriber and the module that it belongs to. */
export type ServedSubscriber = { readonly module: string; readonly usecase: EventSubscriber };

/** A head with its defaults filled in. */
export type Subscriber = {
  /** `module.operation-id`; the name of its subscription. */
  readonly name: string;
  readonly event: string;
  readonly head: EventSubscriber;
  readonly retry: Retry;
  readonly timeoutSeconds: number;
  readonly blocks: boolean;
  readonly fromStart: boolean;
  /** It orders by the payload, and not by the key under which the event was published. */
  readonly hasOwnKey: boolean;
  keyOf(event: { readonly key: string | null; readonly payload: unknown }): string | null;
};

const defaultRetry: Retry = { attempts: 10, baseDelaySeconds: 1 };

/** Throws if two subscribers have one name. */
export const createSubscribers = (served: readonly ServedSubscriber[]): ReadonlyMap<string, Subscriber> => {
  const byName = new Map<string, Subscriber>();
  for (const one of served) {
    const subscriber = toSubscriber(one);
    if (byName.has(subscriber.name)) throw new Error(`there are two subscribers named ${subscriber.name}`);
    byName.set(subscriber.name, subscriber);
  }
  return byName;
};

const toSubscriber = ({ module, usecase: head }: ServedSubscriber): Subscriber => ({
  name: `${module}.${head.operationId}`,
  event: head.event.name,
  head,
  retry: head.retry ?? defaultRetry,
  timeoutSeconds: head.timeoutSeconds ?? 60,
  blocks: head.onDead === 'block',
  fromStart: head.startAt === 'start',
  hasOwnKey: head.orderingKey !== undefined,
  keyOf: ({ key, payload }) => {
    if (head.orderingKey === undefined) return key;
    const parsed = head.event.payload.safeParse(payload);
    // It will fail as soon as it runs; until then it keeps the order of whoever published it.
    return parsed.success ? head.orderingKey(parsed.data) : key;
  },
});
