import { setTimeout as delay } from 'node:timers/promises';

import type { z } from 'zod';

import type { Db } from '../database/database.ts';
import type { EventWakes } from '../events/wakes.ts';
import type { Logger } from '../observability/logger.ts';
import type { Presence } from '../presence/presence.ts';
import type { Runner } from '../run.ts';
import { type EventContract, type TaskPool, taskPools } from '../usecase.ts';
import { createHandlers, type ServedTask } from './handlers.ts';
import type { Held } from './held.ts';
import { parseHints } from './hint.ts';
import { Housekeeping } from './housekeeping.ts';
import { Pool, type PoolOptions } from './pool.ts';
import { freeUnheld } from './process-statements.ts';
import type { DeadReason, Settlement } from './settle-statements.ts';
import type { TaskMetrics } from './task-metrics.ts';
import { wakeChannel, type Wakes } from './wakes.ts';

/** What the event says that tells of a task's death. */
export type TaskDeath = {
  readonly taskId: string;
  readonly queue: string;
  readonly name: string;
  readonly reason: DeadReason;
};

export type TaskWorkerOptions = {
  /** Whose id the tasks carry, and whose connection they are claimed over: one worker has it for itself. */
  readonly presence: Presence;
  readonly tasks: readonly ServedTask[];
  /** Null: all of them. */
  readonly queues: readonly string[] | null;
  readonly slots: Readonly<Record<TaskPool, number>>;
  /** Asked each time, since it may be changed meanwhile. */
  readonly runner: Runner;
  readonly wakes: Wakes;
  readonly diedEvent: EventContract<z.ZodType<TaskDeath>>;
  readonly eventWakes: Pick<EventWakes, 'announce'>;
  readonly log: Logger;
  readonly metrics: TaskMetrics;
  readonly now: () => Date;
  /** So many handlers ignore their end that the process should be replaced. */
  readonly onExhausted: () => void;
};

export type TaskWorker = {
  /** Stops claiming, waits for what runs, and after the deadline interrupts it; what was interrupted runs again elsewhere. */
  close(options: { readonly deadlineSeconds: number }): Promise<void>;
};

const maxLeaked = 4;
const interruptSeconds = 5;

/** Begins to run tasks as soon as PostgreSQL answers, and for as long as it does. */
export const openTaskWorker = (options: TaskWorkerOptions): TaskWorker => {
  const { byName, queuesByPool } = createHandlers(options.tasks, options.queues);
  const { presence, log, metrics, wakes } = options;
  const owner = presence.processId;
  const queues = [...queuesByPool.values()].flat();
  const pools: Pool[] = [];
  let leaked = 0;

  const onHint = (hint: Parameters<Pool['wake']>[0]): boolean =>
    pools.filter((pool) => pool.serves(hint.queue)).some((pool) => pool.wake(hint));

  const onLeaked = ({ task }: Held): void => {
    leaked += 1;
    log.error({ task: task.name, leaked }, 'a task ignored its timeout; its slot is lost until it ends');
    if (leaked === maxLeaked) options.onExhausted();
  };
  for (const name of taskPools) {
    const served = queuesByPool.get(name);
    if (served !== undefined) pools.push(createPool(options, { name, queues: served, byName, onLeaked }));
  }

  presence.describe(() => ({ queues, pools: pools.map((pool) => pool.description) }));
  const stops = [
    presence.listen(wakeChannel, (payload) => parseHints(payload)?.forEach(onHint)),
    presence.onUp(async (db: Db) => {
      await freeUnheld(db, { id: owner, held: heldIds(pools) });
      setImmediate(() => pools.forEach((pool) => pool.poll()));
    }),
    presence.onLost(() => pools.forEach((pool) => pool.abandon())),
    wakes.listen(onHint),
  ];
  const housekeeping = new Housekeeping({ presence, queues, pools, log, metrics });

  return {
    close: async ({ deadlineSeconds }) => {
      for (const pool of pools) pool.close();
      const isIdle = await untilIdle(pools, Math.max(1, deadlineSeconds - interruptSeconds));
      if (!isIdle) for (const pool of pools) pool.interrupt();
      await untilIdle(pools, interruptSeconds);
      housekeeping.stop();
      for (const stop of stops) stop();
      presence.describe(() => ({ queues: [], pools: [] }));
      // What is still in hand is free at once. Without a connection it is so when the others miss this process.
      if (presence.db !== null) await freeUnheld(presence.db, { id: owner, held: [] });
    },
  };
};

type Given = Pick<PoolOptions, 'queues' | 'byName' | 'onLeaked'> & {
  readonly name: TaskPool;
};

const createPool = (options: TaskWorkerOptions, { name, ...given }: Given): Pool => {
  const { presence, runner, now, log, metrics, slots, eventWakes } = options;
  const { name: diedEvent } = options.diedEvent;
  return new Pool({
    ...given,
    name,
    slots: slots[name],
    run: { runner, owner: presence.processId, diedEvent, now, random: Math.random },
    log,
    db: () => presence.db,
    onFinished: (held, settlement) => count(metrics, held, settlement),
    onDied: () => eventWakes.announce([diedEvent]),
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
