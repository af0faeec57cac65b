import { asc, eq, inArray, type InferInsertModel, lt, sql } from 'drizzle-orm';

import type { Tx } from '#kernel/database/database.ts';
import type { ErrorState } from '../domain/error-group.ts';
import { errorGroups, errorSamples } from '../schema.ts';

type NewErrorSample = Required<InferInsertModel<typeof errorSamples>>;

/** True if one of these stands there: the transaction that brought it was committed. */
export const hasErrorSamples = async (tx: Tx, ids: readonly string[]): Promise<boolean> => {
  const found = await tx
    .select({ id: errorSamples.id })
    .from(errorSamples)
    .where(inArray(errorSamples.id, ids))
    .limit(1);
  return found.length > 0;
};

/** In one order for everybody, so that processes that store the same errors wait for each other in turn. */
export const lockErrorStates = (
  tx: Tx,
  fingerprints: readonly string[],
): Promise<readonly { readonly fingerprint: string; readonly state: ErrorState }[]> =>
  tx
    .select({ fingerprint: errorGroups.fingerprint, state: errorGroups.state })
    .from(errorGroups)
    .where(inArray(errorGroups.fingerprint, fingerprints))
    .orderBy(asc(errorGroups.fingerprint))
    .for('update');

type SeenGroup = Pick<
  InferInsertModel<typeof errorGroups>,
  | 'id'
  | 'fingerprint'
  | 'code'
  | 'message'
  | 'frames'
  | 'count'
  | 'firstSeenAt'
  | 'lastSeenAt'
  | 'lastTraceId'
  | 'firstRelease'
  | 'lastRelease'
> & { readonly operation: string | null };

const isBack = sql`${errorGroups.state} = 'resolved' and excluded.last_seen_at > ${errorGroups.resolvedAt}`;

/** Counts on where a group is known; what was resolved and has been seen since is regressed. */
export const upsertErrorGroups = (tx: Tx, groups: readonly SeenGroup[]) =>
  tx
    .insert(errorGroups)
    .values([...groups])
    .onConflictDoUpdate({
      target: errorGroups.fingerprint,
      set: {
        count: sql`${errorGroups.count} + excluded.count`,
        message: sql`excluded.message`,
        lastSeenAt: sql`greatest(${errorGroups.lastSeenAt}, excluded.last_seen_at)`,
        lastTraceId: sql`excluded.last_trace_id`,
        lastRelease: sql`excluded.last_release`,
        state: sql`case when ${isBack} then 'regressed' else ${errorGroups.state} end`,
        regressedAt: sql`case when ${isBack} then excluded.last_seen_at else ${errorGroups.regressedAt} end`,
      },
    })
    .returning({
      id: errorGroups.id,
      fingerprint: errorGroups.fingerprint,
      operation: errorGroups.operation,
      code: errorGroups.code,
      message: errorGroups.message,
      state: errorGroups.state,
      count: errorGroups.count,
      lastTraceId: errorGroups.lastTraceId,
      regressedAt: errorGroups.regressedAt,
      notifiedAt: errorGroups.notifiedAt,
      notifiedCount: errorGroups.notifiedCount,
    });

export type StoredErrorGroup = Awaited<ReturnType<typeof upsertErrorGroups>>[number];

export const insertErrorSamples = async (tx: Tx, samples: readonly NewErrorSample[]): Promise<void> => {
  await tx.insert(errorSamples).values([...samples]);
};

/** Of each of these groups the newest `keep` stay. */
export const deleteSurplusErrorSamples = async (tx: Tx, groupIds: readonly string[], keep: number): Promise<void> => {
  const ranked = tx
    .select({
      id: errorSamples.id,
      place: sql<number>`row_number() over (partition by ${errorSamples.groupId} order by ${errorSamples.id} desc)`.as(
        'place',
      ),
    })
    .from(errorSamples)
    .where(inArray(errorSamples.groupId, [...groupIds]))
    .as('ranked');
  await tx.delete(errorSamples).where(
    inArray(
      errorSamples.id,
      tx
        .select({ id: ranked.id })
        .from(ranked)
        .where(sql`${ranked.place} > ${keep}`),
    ),
  );
};

export const countErrorSamples = (
  tx: Tx,
  groupIds: readonly string[],
): Promise<readonly { readonly fingerprint: string; readonly samples: number }[]> =>
  tx
    .select({ fingerprint: errorGroups.fingerprint, samples: sql<number>`count(*)::int` })
    .from(errorSamples)
    .innerJoin(errorGroups, eq(errorGroups.id, errorSamples.groupId))
    .where(inArray(errorSamples.groupId, [...groupIds]))
    .groupBy(errorGroups.fingerprint);

/** A batch of those that were not seen since; answers how many. */
export const deleteErrorsUnseenSince = async (tx: Tx, before: Date, limit: number): Promise<number> => {
  const old = tx
    .select({ id: errorGroups.id })
    .from(errorGroups)
    .where(lt(errorGroups.lastSeenAt, before))
    .orderBy(asc(errorGroups.lastSeenAt))
    .limit(limit);
  const gone = await tx.delete(errorGroups).where(inArray(errorGroups.id, old)).returning({ id: errorGroups.id });
  return gone.length;
};

/** These are told of now, at the count that they have. */
export const updateErrorsNotified = async (tx: Tx, ids: readonly string[], now: Date): Promise<void> => {
  await tx
    .update(errorGroups)
    .set({ notifiedAt: now, notifiedCount: sql`${errorGroups.count}` })
    .where(inArray(errorGroups.id, [...ids]));
};
