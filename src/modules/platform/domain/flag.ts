import { createHash } from 'node:crypto';

type Flag = { readonly enabled: boolean; readonly actorIds: readonly string[]; readonly percentage: number };

/** Whether the flag is on for the actor; null is whoever is not signed in. */
export const isEnabledFor = (key: string, flag: Flag, actorId: string | null): boolean => {
  if (!flag.enabled) return false;
  if (flag.percentage >= 100) return true;
  if (actorId === null) return false;
  return flag.actorIds.includes(actorId) || shareOf(key, actorId) < flag.percentage;
};

/** Where an actor stands between 0 and 100: always in the same place for one flag, elsewhere for the next. */
const shareOf = (key: string, actorId: string): number =>
  (createHash('sha256').update(`${key}\n${actorId}`).digest().readUInt32BE(0) / 2 ** 32) * 100;
