export const errorStates = ['open', 'resolved', 'ignored', 'regressed'] as const;
export type ErrorState = (typeof errorStates)[number];

/** What of a group decides whether somebody is told of it. */
export type NoticeState = {
  readonly state: ErrorState;
  readonly count: number;
  readonly regressedAt: Date | null;
  /** Null: nobody was told of it yet. */
  readonly notifiedAt: Date | null;
  readonly notifiedCount: number;
};

export type ErrorNoticeKind = 'error_opened' | 'error_regressed' | 'error_seen_often';

const milestones = [10, 100, 1_000];
const quietMs = 15 * 60_000;

/**
 * What somebody should be told of a group now; null if nothing. Follows from what was told last, so that what was held
 * back in the quiet time is told with the next occurrence after it.
 */
export const noticeDue = (group: NoticeState, now: Date): ErrorNoticeKind | null => {
  const { state, count, regressedAt, notifiedAt, notifiedCount } = group;
  if (state === 'ignored' || state === 'resolved') return null;
  if (notifiedAt === null) return state === 'regressed' ? 'error_regressed' : 'error_opened';
  if (now.getTime() - notifiedAt.getTime() < quietMs) return null;
  if (regressedAt !== null && regressedAt > notifiedAt) return 'error_regressed';
  return milestones.some((milestone) => notifiedCount < milestone && count >= milestone) ? 'error_seen_often' : null;
};
