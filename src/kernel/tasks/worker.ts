import { setTimeout as delay } from 'node:timers/promises';

import type { Db } from '../database/database.ts';
import type { Observer } from '../database/observer.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Runner } from '../run.ts';
import { type TaskPool, taskPools } from '../usecase.ts';
import { createHandlers, type ServedTask } from './handlers.ts';
import type { Held } from './held.ts';
import { parseHints } from './hint.ts';
import { Housekeeping } from './housekeeping.ts';
import { Line } from './line.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { freeUnheld } from './process-statements.ts';
import type { Settlement } from './settle-statements.ts';
import type { TaskMetrics } from './task-metrics.ts';
import type { Wakes } from './wakes.ts';

export type TaskWorkerOptions = {
  /** For session locks and LISTEN: not through a transaction pooler, if there is another way. */
  readonly url: string;
  readonly isPooled: boolean;
  readonly role: string;
  readonly release: string;
  readonly tasks: readonly ServedTask[];
  /** Null: all of them. */
  readonly queues: readonly string[] | null;
  readonly slots: Readonly<Record<TaskPool, number>>;
  /** Asked each time, since it may be changed meanwhile. */
  readonly runner: Runner;
  readonly wakes: Wakes;
  readonly log: Logger;
  readonly observer: Observer & { readonly metrics: Pick<Metrics, 'queryDuration'> };
  readonly metrics: TaskMetrics;
  readonly now: () => Date;
  /** So many handlers ignore their end that the process should be replaced. */
  readonly onExhausted: () => void;
};

export type TaskWorker = {
  readonly processId: string;
  /** Stops claiming, waits for what runs, and after the deadline interrupts it; what was interrupted runs again elsewhere. */
  close(options: { readonly deadlineSeconds: number }): Promise<void>;
};

const pollMs = 5_000;
const maxLeaked = 4;
const interruptSeconds = 5;

/** Begins to run tasks as soon as PostgreSQL answers, and for as long as it does. */
export const openTaskWorker = (options: TaskWorkerOptions): TaskWorker => {
  const { byName, queuesByPool } = createHandlers(options.tasks, options.queues);
  const owner = newId();
  const queues = [...queuesByPool.values()].flat();
  const pools: Pool[] = [];
  let leaked = 0;

  const onHint = (hint: Parameters<Pool['wake']>[0]): boolean =>
    pools.filter((pool) => pool.serves(hint.queue)).some((pool) => pool.wake(hint));

  const line = new Line({
    url: options.url,
    isPooled: options.isPooled,
    observer: options.observer,
    log: options.log,
    process: { id: owner, role: options.role, release: options.release },
    queues,
    onNotify: (payload) => parseHints(payload)?.forEach(onHint),
    onUp: async (db: Db) => {
      await freeUnheld(db, { id: owner, held: heldIds(pools) });
      setImmediate(() => pools.forEach((pool) => pool.poll()));
    },
  });

  const onLeaked = ({ task }: Held): void => {
    leaked += 1;
    options.log.error({ task: task.name, leaked }, 'a task ignored its timeout; its slot is lost until it ends');
    if (leaked === maxLeaked) options.onExhausted();
  };
  for (const name of taskPools) {
    const served = queuesByPool.get(name);
    if (served !== undefined) pools.push(createPool(options, { name, queues: served, byName, owner, line, onLeaked }));
  }

  const stopListening = options.wakes.listen(onHint);
  const poll = setInterval(() => pools.forEach((pool) => pool.poll()), pollMs).unref();
  const { log, metrics } = options;
  const housekeeping = new Housekeeping({ owner, queues, line, pools, log, metrics });

  return {
    processId: owner,
    close: async ({ deadlineSeconds }) => {
      stopListening();
      clearInterval(poll);
      for (const pool of pools) pool.close();
      const isIdle = await untilIdle(pools, Math.max(1, deadlineSeconds - interruptSeconds));
      if (!isIdle) for (const pool of pools) pool.interrupt();
      await untilIdle(pools, interruptSeconds);
      housekeeping.stop();
      await line.close();
    },
  };
};

type Given = Pick<PoolOptions, 'queues' | 'byName' | 'onLeaked'> & {
  readonly name: TaskPool;
  readonly owner: string;
  readonly line: Line;
};

const createPool = (options: TaskWorkerOptions, { name, owner, line, ...given }: Given): Pool => {
  const { runner, now, log, metrics, slots } = options;
  return new Pool({
    ...given,
    name,
    slots: slots[name],
    run: { runner, owner, now, random: Math.random },
    log,
    db: () => line.db,
    onFinished: (held, settlement) => count(metrics, held, settlement),
  });
};

const heldIds = (pools: readonly Pool[]): string[] =>
  pools.flatMap((pool) => Array.from(pool.held, ({ task }) => task.id));

const untilIdle = async (pools: readonly Pool[], seconds: number): Promise<boolean> => {
  const deadline = performance.now() + seconds * 1000;
  while (!pools.every((pool) => pool.isIdle)) {
    if (performance.now() > deadline) return false;
    await delay(10);
  }
  return true;
};

const count = (metrics: TaskMetrics, { task, startedAt, isEnded }: Held, settlement: Settlement | null): void => {
  const outcome = settlement?.action ?? (isEnded ? 'done' : 'lost');
  metrics.duration(task.name, outcome, (performance.now() - startedAt) / 1000);
  if (settlement?.action === 'dead') metrics.dead(task.name, settlement.reason ?? 'not_retriable');
};
