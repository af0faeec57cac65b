import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from '../../observability/logger.ts';
import {
  type Claim,
  createClaim,
  judgeClaim,
  keepFresh,
  placeClaim,
  refuseIfTouched,
  removeDeadClaim,
  withdrawClaim,
} from './claim.ts';

/** One use of the server by this process. */
export type Membership = {
  /** Call under the lock. True if nobody else uses the server. */
  leave(): Promise<boolean>;
};

/**
 * Puts this process among those that use the server. Call under the lock. There is no counter that a killed process
 * would leave wrong: each use is a file, and counts as long as its process lives.
 * Throws EMBEDDED_DATABASE_BUSY if somebody on another machine or in another container uses the directory.
 */
export const joinMembers = async (home: string, log: Logger): Promise<Membership> => {
  const claim = await createClaim();
  await listOtherMembers(home, claim);
  const path = join(home, 'members', `${claim.id}.json`);
  await placeClaim(path, claim);
  const relax = keepFresh(path, claim, (error) => log.warn({ err: error, path }, 'cannot touch the member file'));
  return {
    leave: async () => {
      relax();
      await withdrawClaim(path, claim);
      return (await listOtherMembers(home, claim)).length === 0;
    },
  };
};

/** The living uses of the server but our own; forgets the dead. Call under the lock. */
export const listOtherMembers = async (home: string, self: Claim): Promise<readonly Claim[]> => {
  const directory = join(home, 'members');
  const names = (await readdir(directory)).filter((name) => name.endsWith('.json') && name !== `${self.id}.json`);
  const members: Claim[] = [];
  for (const name of names) {
    const path = join(directory, name);
    const member = await judgeClaim(path, self);
    if (member.kind === 'elsewhere') await refuseIfTouched(path, member.claim, home);
    if (member.kind === 'dead') await removeDeadClaim(path, member.claim);
    if (member.kind === 'live' && member.claim !== null) members.push(member.claim);
  }
  return members;
};
