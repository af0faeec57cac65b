import type { Db, Tx } from '#kernel/database/database.ts';
import type { Ctx } from '#kernel/usecase.ts';
import type { ErrorState } from '../domain/error-group.ts';
import { findErrorGroup, listErrorSamples, lockErrorState, updateErrorState } from '../store/errors.ts';
import type { ErrorDetails } from './error-shapes.ts';

/** Null: there is no such error. */
export const findErrorDetails = async (db: Db, id: string, samples: number): Promise<ErrorDetails | null> => {
  const [group, listed] = await Promise.all([findErrorGroup(db, id), listErrorSamples(db, id, samples)]);
  return group === null ? null : { ...group, samples: listed };
};

/** From which states an administrator may put an error into one. One that came back is open as it is. */
const ways = {
  resolved: ['open', 'regressed', 'ignored'],
  ignored: ['open', 'regressed', 'resolved'],
  open: ['resolved', 'ignored'],
} as const satisfies Partial<Record<ErrorState, readonly ErrorState[]>>;

type Change = { readonly tx: Tx; readonly id: string; readonly state: keyof typeof ways; readonly now: Date };

/** In `tx`. */
export const changeErrorState = async (
  ctx: Ctx,
  { tx, id, state, now }: Change,
): Promise<'changed' | 'unchanged' | 'unknown'> => {
  const before = await lockErrorState(tx, id);
  if (before === null) return 'unknown';
  if (!ways[state].some((from) => from === before)) return 'unchanged';
  await updateErrorState(tx, { id, state, now });
  await ctx.audit(tx, { subject: `error:${id}`, before: { state: before }, after: { state } });
  return 'changed';
};
