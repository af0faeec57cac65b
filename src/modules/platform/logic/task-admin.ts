import type { Db, Tx } from '#kernel/database/database.ts';
import {
  countDead,
  type DeadFilter,
  findTask,
  listDeadIds,
  listTasks,
  type TaskDetails,
  type TaskRow,
  type TaskState,
  updateQueuePaused,
} from '#kernel/tasks/administration-statements.ts';
import type { Ctx } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../deps.ts';
import type { TaskDetailsOutput } from './task-shapes.ts';

type Filter = {
  readonly state?: TaskState | undefined;
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  readonly group?: string | undefined;
  readonly reason?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

type Page = { readonly before: string | null; readonly limit: number };

const toDate = (text: string | undefined): Date | null => (text === undefined ? null : new Date(text));

export const listTasksBy = (db: Db, filter: Filter, page: Page): Promise<readonly TaskRow[]> =>
  listTasks(db, {
    state: filter.state ?? null,
    queue: filter.queue ?? null,
    name: filter.name ?? null,
    group: filter.group ?? null,
    reason: filter.reason ?? null,
    from: toDate(filter.from),
    to: toDate(filter.to),
    ...page,
  });

/** Null: there is no such task, or its result is no longer kept. */
export const findTaskDetails = async (db: Db, id: string): Promise<TaskDetailsOutput | null> => {
  const [task] = await findTask(db, { id });
  if (task === undefined) return null;
  return { ...task, errors: [...task.errors], waitsFor: waitsFor(task) };
};

/** Every reason for which a task does not run now; empty once it runs or has ended. */
const waitsFor = (task: TaskDetails): TaskDetailsOutput['waitsFor'] => {
  if (task.state !== 'waiting' && task.state !== 'ready') return [];
  return [
    ...(task.state === 'waiting' ? (['run_at'] as const) : []),
    ...(task.isPaused ? (['queue_paused'] as const) : []),
    ...(task.isBehindInGroup ? (['group_head'] as const) : []),
    ...(task.hasWorker ? [] : (['no_worker'] as const)),
    ...(task.hasWorker && !task.hasFreeSlot ? (['pool_full'] as const) : []),
  ];
};

type Tasks = PlatformDeps['kernel']['tasks'];

/** In `tx`. `not_dead`: there is such a task, but it is not dead. */
export const retryDeadTask = async (ctx: Ctx, tasks: Tasks, { tx, id }: { tx: Tx; id: string }) => {
  const [retried] = await tasks.retryDead(tx, [id]);
  if (retried !== undefined) {
    await ctx.audit(tx, { subject: `task:${id}`, after: { state: 'ready' } });
    return 'retried';
  }
  return (await findTask(tx, { id })).length > 0 ? 'not_dead' : 'unknown';
};

/** In `tx`. `finished`: it was done or dead already. */
export const cancelTaskIn = async (ctx: Ctx, tasks: Tasks, { tx, id }: { tx: Tx; id: string }) => {
  if (await tasks.cancel(tx, id)) {
    await ctx.audit(tx, { subject: `task:${id}`, after: { state: 'cancelled' } });
    return 'cancelled';
  }
  return (await findTask(tx, { id })).length > 0 ? 'finished' : 'unknown';
};

type GivenDeadFilter = Pick<Filter, 'queue' | 'name' | 'reason'> & { readonly before?: string | undefined };

/** Null if it filters nothing: all dead tasks at once are too many to touch by a slip. */
export const toDeadFilter = ({ queue, name, reason, before }: GivenDeadFilter): DeadFilter | null => {
  const filter = { queue: queue ?? null, name: name ?? null, reason: reason ?? null, before: toDate(before) };
  return Object.values(filter).every((value) => value === null) ? null : filter;
};

type Bulk = { readonly filter: DeadFilter; readonly dryRun: boolean };
type Queue = Pick<PlatformDeps['kernel'], 'database' | 'tasks'>;

export const retryDeadTasks = async (ctx: Ctx, { database, tasks }: Queue, { filter, dryRun }: Bulk) => {
  if (dryRun) return { count: await countDead(database.lanes, filter) };
  return ctx.transaction(async (tx) => {
    const { length: count } = await tasks.retryDead(tx, await listDeadIds(tx, filter));
    await ctx.audit(tx, { subject: 'tasks:dead', after: { retried: count, filter } });
    return { count };
  });
};

export const purgeDeadTasks = async (ctx: Ctx, { database, tasks }: Queue, { filter, dryRun }: Bulk) => {
  if (dryRun) return { count: await countDead(database.lanes, filter) };
  return ctx.transaction(async (tx) => {
    const { length: count } = await tasks.purgeDead(tx, await listDeadIds(tx, filter));
    await ctx.audit(tx, { subject: 'tasks:dead', after: { purged: count, filter } });
    return { count };
  });
};

type Pause = { readonly tx: Tx; readonly name: string; readonly isPaused: boolean };

export const setQueuePaused = async (ctx: Ctx, tasks: Tasks, { tx, name, isPaused }: Pause): Promise<void> => {
  const isChanged = await updateQueuePaused(tx, name, isPaused);
  if (!isChanged) return;
  await ctx.audit(tx, { subject: `queue:${name}`, after: { isPaused } });
  if (!isPaused) tx.afterCommit(() => tasks.wakes.announce([{ queue: name, runMs: 0, inMs: 0, isGrouped: true }]));
};
