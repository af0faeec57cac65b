import type { AsyncTask, Retry, TaskPool } from '../usecase.ts';
import { defaultRetry } from './backoff.ts';
import { queueOf } from './tasks.ts';

/** An async task and the module that it belongs to. */
export type ServedTask = { readonly module: string; readonly usecase: AsyncTask };

/** A head with its defaults filled in. */
export type Handler = {
  /** `module.operation-id`; the name under which it is enqueued. */
  readonly name: string;
  readonly queue: string;
  readonly head: AsyncTask;
  readonly retry: Retry;
  readonly timeoutSeconds: number;
  readonly keep: 'all' | 'failures' | 'none';
  readonly blocks: boolean;
};

export type Handlers = {
  readonly byName: ReadonlyMap<string, Handler>;
  readonly queuesByPool: ReadonlyMap<TaskPool, readonly string[]>;
};

/** `only`: the queues to serve; null is all. Throws if two tasks of a queue name different pools. */
export const createHandlers = (tasks: readonly ServedTask[], only: readonly string[] | null): Handlers => {
  const all = tasks.map(toHandler);
  const pools = new Map<string, TaskPool>();
  for (const { name, queue, head } of all) {
    const { pool = 'database' } = head;
    const known = pools.get(queue);
    if (known !== undefined && known !== pool) {
      throw new Error(`${name} puts queue ${queue} into pool ${pool}, another task of it into ${known}`);
    }
    pools.set(queue, pool);
  }
  const queues = [...pools.keys()].filter((queue) => only === null || only.includes(queue));
  return {
    byName: new Map(all.map((handler) => [handler.name, handler])),
    queuesByPool: Map.groupBy(queues, (queue) => pools.get(queue) ?? 'database'),
  };
};

const toHandler = ({ module, usecase: head }: ServedTask): Handler => {
  const name = `${module}.${head.operationId}`;
  return {
    name,
    queue: queueOf({ name, ...(head.queue !== undefined && { queue: head.queue }) }),
    head,
    retry: head.retry ?? defaultRetry,
    timeoutSeconds: head.timeoutSeconds ?? 60,
    keep: head.keep ?? 'all',
    blocks: head.onDead === 'block',
  };
};
