import { and, desc, eq, lt, or, type SQL } from 'drizzle-orm';

import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import type { ErrorState } from '../domain/error-group.ts';
import { errorGroups, errorSamples } from '../schema.ts';

const summary = {
  id: errorGroups.id,
  operation: errorGroups.operation,
  code: errorGroups.code,
  message: errorGroups.message,
  state: errorGroups.state,
  count: errorGroups.count,
  firstSeenAt: isoText(errorGroups.firstSeenAt),
  lastSeenAt: isoText(errorGroups.lastSeenAt),
  lastTraceId: errorGroups.lastTraceId,
  firstRelease: errorGroups.firstRelease,
  lastRelease: errorGroups.lastRelease,
};

type ErrorFilter = {
  readonly state?: ErrorState | undefined;
  readonly operation?: string | undefined;
  /** Of the last one of the page before. */
  readonly before: { readonly lastSeenAt: Date; readonly id: string } | null;
  readonly limit: number;
};

/** Those seen last come first. */
export const listErrorGroups = (db: Db, { state, operation, before, limit }: ErrorFilter) =>
  db
    .select(summary)
    .from(errorGroups)
    .where(
      and(
        state === undefined ? undefined : eq(errorGroups.state, state),
        operation === undefined ? undefined : eq(errorGroups.operation, operation),
        before === null ? undefined : isBefore(before),
      ),
    )
    .orderBy(desc(errorGroups.lastSeenAt), desc(errorGroups.id))
    .limit(limit);

const isBefore = ({ lastSeenAt, id }: { readonly lastSeenAt: Date; readonly id: string }): SQL | undefined =>
  or(lt(errorGroups.lastSeenAt, lastSeenAt), and(eq(errorGroups.lastSeenAt, lastSeenAt), lt(errorGroups.id, id)));

export const findErrorGroup = async (db: Db, id: string) => {
  const [row] = await db
    .select({
      ...summary,
      fingerprint: errorGroups.fingerprint,
      frames: errorGroups.frames,
      resolvedAt: isoText(errorGroups.resolvedAt),
      regressedAt: isoText(errorGroups.regressedAt),
      notifiedAt: isoText(errorGroups.notifiedAt),
    })
    .from(errorGroups)
    .where(eq(errorGroups.id, id));
  return row ?? null;
};

/** The newest first. */
export const listErrorSamples = (db: Db, groupId: string, limit: number) =>
  db
    .select({
      id: errorSamples.id,
      occurredAt: isoText(errorSamples.occurredAt),
      traceId: errorSamples.traceId,
      actorId: errorSamples.actorId,
      release: errorSamples.release,
      message: errorSamples.message,
      stack: errorSamples.stack,
      inputShape: errorSamples.inputShape,
      logLines: errorSamples.logLines,
    })
    .from(errorSamples)
    .where(eq(errorSamples.groupId, groupId))
    .orderBy(desc(errorSamples.id))
    .limit(limit);

/** Nobody changes it until the transaction ends. */
export const lockErrorState = async (tx: Tx, id: string): Promise<ErrorState | null> => {
  const [row] = await tx
    .select({ state: errorGroups.state })
    .from(errorGroups)
    .where(eq(errorGroups.id, id))
    .for('update');
  return row?.state ?? null;
};

type Change = { readonly id: string; readonly state: ErrorState; readonly now: Date };

export const updateErrorState = async (tx: Tx, { id, state, now }: Change): Promise<void> => {
  await tx
    .update(errorGroups)
    .set({ state, ...(state === 'resolved' && { resolvedAt: now }) })
    .where(eq(errorGroups.id, id));
};
