import { maxGraceUses } from './session.ts';

/** A refresh token that did not rotate its session, and what the session is now. */
export type Replay = {
  /** Of the token. */
  readonly counter: number;
  readonly session: {
    readonly counter: number;
    readonly rotatedAt: Date;
    readonly graceUses: number;
    readonly isLive: boolean;
  };
  readonly now: Date;
  readonly graceSeconds: number;
};

/**
 * `repeat`: an honest client lost the answer, or two of its tabs raced: it gets the token that is current.
 * `spent`: the same, more often than honest clients do: it gets nothing, and the session goes on.
 * `reused`: two parties hold tokens of the session, so one of them stole: it must end (RFC 9700, section 4.14.2).
 */
export const judgeReplay = ({
  counter,
  session,
  now,
  graceSeconds,
}: Replay): 'ended' | 'repeat' | 'spent' | 'reused' => {
  if (!session.isLive) return 'ended';
  const isInTime = now.getTime() - session.rotatedAt.getTime() <= graceSeconds * 1000;
  if (counter !== session.counter - 1 || !isInTime) return 'reused';
  return session.graceUses < maxGraceUses ? 'repeat' : 'spent';
};
