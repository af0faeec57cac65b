import type { Db, Tx } from '#kernel/database/database.ts';
import {
  countRange,
  type EventRow,
  findLogStart,
  isPublished,
  isSubscription,
  listEvents,
  type Range,
} from '#kernel/events/administration-statements.ts';
import type { DeadEvent, Events } from '#kernel/events/events.ts';
import type { Ctx } from '#kernel/usecase.ts';

type Filter = {
  readonly name?: string | undefined;
  readonly key?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
};

type Page = { readonly before: string | null; readonly limit: number };

const toDate = (text: string | undefined): Date | null => (text === undefined ? null : new Date(text));

export const listEventsBy = (db: Db, filter: Filter, page: Page): Promise<readonly EventRow[]> =>
  listEvents(db, {
    name: filter.name ?? null,
    key: filter.key ?? null,
    from: toDate(filter.from),
    to: toDate(filter.to),
    ...page,
  });

type Pause = { readonly tx: Tx; readonly name: string; readonly isPaused: boolean };

/** False: there is no such subscription. */
export const setSubscriptionPaused = async (
  ctx: Ctx,
  events: Events,
  { tx, name, isPaused }: Pause,
): Promise<boolean> => {
  if (!(await isSubscription(tx, name))) return false;
  const isChanged = await events.setPaused(tx, name, isPaused);
  if (isChanged) await ctx.audit(tx, { subject: `subscription:${name}`, after: { isPaused } });
  return true;
};

type Dead = { readonly tx: Tx; readonly event: DeadEvent; readonly how: 'retry' | 'discard' };

/** In `tx`. `not_dead`: there is such an event, but the subscription has not given it up. */
export const endDeath = async (ctx: Ctx, events: Events, { tx, event, how }: Dead) => {
  const { subscription, eventId } = event;
  if (!(await isSubscription(tx, subscription))) return 'no_subscription';
  const wasDead = await (how === 'retry' ? events.retryDead(tx, event) : events.discardDead(tx, event));
  if (!wasDead) return (await isPublished(tx, eventId)) ? 'not_dead' : 'no_event';
  await ctx.audit(tx, { subject: `subscription:${subscription}`, after: { eventId, how } });
  return 'done';
};

type GivenRange = Omit<Filter, 'name'> & {
  readonly subscription: string;
  readonly names?: readonly string[] | undefined;
  readonly dryRun: boolean;
};

type Replay =
  | { readonly kind: 'no_subscription' }
  | { readonly kind: 'pruned'; readonly start: string }
  | { readonly kind: 'done'; readonly count: number };

/** In `tx`. `pruned`: the log begins later, at `start`. */
export const replayIn = async (
  ctx: Ctx,
  events: Events,
  { tx, given }: { readonly tx: Tx; readonly given: GivenRange },
): Promise<Replay> => {
  const { subscription, dryRun, names = null, key = null } = given;
  if (!(await isSubscription(tx, subscription))) return { kind: 'no_subscription' };
  const range: Range = { subscription, from: toDate(given.from), to: toDate(given.to), key, names };
  const start = await findLogStart(tx);
  if (range.from !== null && range.from < new Date(start)) return { kind: 'pruned', start };
  if (dryRun) return { kind: 'done', count: await countRange(tx, range) };
  const count = await events.replay(tx, range);
  await ctx.audit(tx, { subject: `subscription:${subscription}`, after: { replayed: count, range: given } });
  return { kind: 'done', count };
};
