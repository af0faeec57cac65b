import type { z } from 'zod';

import type { Database, Tx } from '../database/database.ts';
import { kernelError } from '../error.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import { currentScope } from '../observability/scope.ts';
import { traceResponse } from '../observability/request-span.ts';
import type { TaskContract } from '../usecase.ts';
import { deleteDead, deleteTask, requeueDead } from './administration-statements.ts';
import { toColumns } from './columns.ts';
import {
  type Inserted,
  insertTask,
  insertTasks,
  lockGroups,
  type NewTask,
  type NewTasks,
  renumberTasks,
} from './enqueue-statements.ts';
import { type Hint, mergeHint } from './hint.ts';
import { toJsonText } from './json-text.ts';
import { createWakes, type Wakes } from './wakes.ts';

export type EnqueueOptions = {
  /** Default: the contract's. */
  readonly queue?: string;
  /** 0 (first) to 9; default 5. */
  readonly priority?: number;
  /** Not before; default at once. */
  readonly runAt?: Date;
  /** One unfinished task per queue and key. */
  readonly uniqueKey?: string;
  /**
   * If there is one: `keep` it (the default), `replace` its payload, priority and time if it has not started, or
   * `reject` the new one. One that runs already runs once more, with the new payload, unless the new one is rejected.
   */
  readonly onConflict?: 'keep' | 'replace' | 'reject';
  /** Tasks of one queue and group run one at a time, in the order of their commits. */
  readonly groupKey?: string;
};

export type Tasks = {
  /**
   * In the caller's transaction: the task exists if that commits. Answers the id of the task that will run, or null
   * if it was rejected. INPUT_INVALID: the payload does not fit the contract, 64 KB, or PostgreSQL.
   */
  enqueue<P extends z.ZodType>(
    tx: Tx,
    task: TaskContract<P>,
    payload: z.input<P>,
    options?: EnqueueOptions,
  ): Promise<string | null>;
  /** Many at once; the answers are in the order of the items. */
  enqueueMany<P extends z.ZodType>(
    tx: Tx,
    task: TaskContract<P>,
    items: readonly { readonly payload: z.input<P>; readonly options?: EnqueueOptions }[],
  ): Promise<readonly (string | null)[]>;
  /** Dead tasks begin anew, with all their attempts; answers which of these were dead. */
  retryDead(tx: Tx, ids: readonly string[]): Promise<readonly string[]>;
  /** Forgets dead tasks; answers which of these were dead. */
  purgeDead(tx: Tx, ids: readonly string[]): Promise<readonly string[]>;
  /** Ends a task that is not finished; one that runs is told by its signal. False: there is none. */
  cancel(tx: Tx, id: string): Promise<boolean>;
  readonly wakes: Wakes;
  /** Tells other processes what they have not been told yet. */
  close(): Promise<void>;
};

const maxPayloadBytes = 65_536;
const maxKeyLength = 512;
const maxRowsPerStatement = 5_000;

export const createTasks = (database: Pick<Database, 'lanes'>, log: Logger): Tasks => {
  const wakes = createWakes(database.lanes, log);
  const followUps = createFollowUps(wakes);

  const enqueueOne = async (tx: Tx, task: NewTask): Promise<string | null> => {
    const [inserted] = await insertTask(tx, task);
    if (inserted === undefined) return null;
    followUps.add(tx, [inserted], [task]);
    return inserted.id;
  };

  return {
    wakes,
    // oxlint-disable-next-line max-params -- read at every call: enqueue in tx this task with this payload
    enqueue: (tx, task, payload, options = {}) => enqueueOne(tx, toNewTask(task, payload, options)),
    enqueueMany: async (tx, task, items) => {
      const news = items.map(({ payload, options = {} }) => toNewTask(task, payload, options));
      // Two with one unique key cannot stand in one statement; those go one by one, the others together.
      const plain = news.filter(({ uniqueKey }) => uniqueKey === null);
      for (let from = 0; from < plain.length; from += maxRowsPerStatement) {
        const part = plain.slice(from, from + maxRowsPerStatement);
        followUps.add(tx, await insertTasks(tx, toRows(part)), part);
      }
      const answers: (string | null)[] = [];
      for (const one of news) answers.push(one.uniqueKey === null ? one.id : await enqueueOne(tx, one));
      return answers;
    },
    retryDead: async (tx, ids) => {
      const requeued = ids.length === 0 ? [] : await requeueDead(tx, ids);
      followUps.add(
        tx,
        requeued,
        requeued.filter(({ groupKey }) => groupKey !== null),
      );
      return requeued.map(({ id }) => id);
    },
    purgeDead: async (tx, ids) => {
      const gone = ids.length === 0 ? [] : await deleteDead(tx, ids);
      followUps.add(tx, gone, []);
      return gone.map(({ id }) => id);
    },
    cancel: async (tx, id) => {
      const gone = await deleteTask(tx, id);
      if (gone !== null) followUps.add(tx, [gone], []);
      return gone !== null;
    },
    close: () => wakes.flush(),
  };
};

const defaults = { priority: 5, runAt: null, uniqueKey: null, groupKey: null, onConflict: 'keep' } as const;

const toNewTask = (task: TaskContract, payload: unknown, options: EnqueueOptions): NewTask => {
  const { queue, priority, runAt, uniqueKey, groupKey, onConflict } = { ...defaults, queue: queueOf(task), ...options };
  if (!Number.isInteger(priority) || priority < 0 || priority > 9) throw refusal(task, 'priority is 0 to 9');
  for (const key of [queue, uniqueKey, groupKey]) if (key !== null) checkKey(task, key);
  const scope = currentScope();
  return {
    id: newId(),
    queue,
    name: task.name,
    priority,
    runAt,
    groupKey,
    uniqueKey,
    payload: toPayload(task, payload),
    traceparent: scope === undefined ? null : traceResponse(scope),
    onConflict,
  };
};

/** The module's name, unless the contract says otherwise. */
export const queueOf = ({ name, queue }: Pick<TaskContract, 'name' | 'queue'>): string =>
  queue ?? name.slice(0, name.indexOf('.'));

/** Tested as it will be read: what passes here, passes when it runs. */
const toPayload = (task: TaskContract, payload: unknown): string => {
  const text = toJsonText(`the payload of ${task.name}`, payload, maxPayloadBytes);
  const parsed = task.payload.safeParse(JSON.parse(text));
  if (parsed.success) return text;
  throw refusal(task, 'its payload does not fit its contract', parsed.error);
};

/** Keys stand in indexes, whose rows have a limit. */
const checkKey = (task: TaskContract, key: string): void => {
  if (key !== '' && key.length <= maxKeyLength && key.isWellFormed() && !key.includes('\0')) return;
  throw refusal(task, `queue, groupKey and uniqueKey are 1 to ${maxKeyLength} characters without U+0000`);
};

const refusal = ({ name }: TaskContract, why: string, cause?: unknown) =>
  kernelError('INPUT_INVALID', { details: { message: `${name} cannot be enqueued: ${why}` }, cause });

const toRows = (tasks: readonly NewTask[]): NewTasks => ({
  ...toColumns(
    tasks.map((task) => ({ ...task, runAt: task.runAt?.toISOString() ?? null })),
    ['id', 'queue', 'priority', 'runAt', 'groupKey', 'payload'],
  ),
  name: tasks[0]?.name ?? '',
  traceparent: tasks[0]?.traceparent ?? null,
});

type Member = { readonly id: string; readonly queue: string; readonly groupKey: string | null };
type Grouped = Member & { readonly groupKey: string };
/** `changed` is what workers should look at; of `added`, what stands in a group is put at its end. */
type FollowUps = { add(tx: Tx, changed: readonly Inserted[], added: readonly Member[]): void };

type FollowUp = { readonly grouped: Grouped[]; readonly hints: Map<string, Hint> };

/** What a transaction that enqueues does at its end: order its groups before the commit, tell workers after it. */
const createFollowUps = (wakes: Wakes): FollowUps => {
  const open = new WeakMap<Tx, FollowUp>();
  const begin = (tx: Tx): FollowUp => {
    const work: FollowUp = { grouped: [], hints: new Map() };
    open.set(tx, work);
    tx.beforeCommit(() => orderGroups(tx, work.grouped));
    tx.afterCommit(() => wakes.announce(work.hints.values()));
    return work;
  };
  return {
    add: (tx, changed, added) => {
      const { grouped, hints } = open.get(tx) ?? begin(tx);
      const isGrouped = added.length === 0 || added.some(({ groupKey }) => groupKey !== null);
      for (const { queue, runMs, inMs } of changed) mergeHint(hints, { queue, runMs, inMs, isGrouped });
      const ids = new Set(changed.map(({ id }) => id));
      for (const { id, queue, groupKey } of added) {
        // A row that was there before keeps its place.
        if (groupKey !== null && ids.has(id)) grouped.push({ id, queue, groupKey });
      }
    },
  };
};

const orderGroups = async (tx: Tx, grouped: readonly Grouped[]): Promise<void> => {
  if (grouped.length === 0) return;
  await lockGroups(tx, {
    queues: grouped.map(({ queue }) => queue),
    groupKeys: grouped.map(({ groupKey }) => groupKey),
  });
  await renumberTasks(tx, { ids: grouped.map(({ id }) => id) });
};
