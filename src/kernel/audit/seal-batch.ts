import { collectLeaves, findLastSeal, findSealRange, insertSeal, trySealLock } from '../database/audit-seals.ts';
import type { Database, Tx } from '../database/database.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { ensureKey } from './keys.ts';
import { merkleRoot } from './merkle.ts';
import { firstPrevious, headOf, type Seal, signSeal } from './seal.ts';

/** Events in one seal: its leaves are 192 KB then. A transaction that wrote more is sealed whole all the same. */
const maxEvents = 4_096;

export type SealedBatch =
  /** Another process is at it. */
  | { readonly outcome: 'busy' }
  | { readonly outcome: 'done'; readonly seals: readonly Seal[]; readonly isMore: boolean };

type SealDeps = { readonly database: Pick<Database, 'transaction'>; readonly secrets: Pick<Secrets, 'open' | 'seal'> };

/**
 * Seals what has been committed in transactions below the oldest that still runs: no event can come in among them any
 * more. One seal for each month in the batch.
 */
export const sealBatch = ({ database, secrets }: SealDeps): Promise<SealedBatch> =>
  database.transaction(async (tx) => {
    const [lock] = await trySealLock(tx);
    if (lock?.isLocked !== true) return { outcome: 'busy' };
    // Behind the lock: the statement sees what the sealer before has committed.
    const [last] = await findLastSeal(tx);
    const fromXid = last?.toXid ?? '0';
    const [range] = await findSealRange(tx, { fromXid, limit: maxEvents });
    if (range === undefined || range.toXid === null) return { outcome: 'done', seals: [], isMore: false };
    const { toXid, at, isMore } = range;
    const seals = await writeSeals(tx, secrets, { last, fromXid, toXid, at });
    return { outcome: 'done', seals, isMore };
  });

type Range = { readonly last: Seal | undefined; readonly fromXid: string; readonly toXid: string; readonly at: string };

const writeSeals = async (
  tx: Tx,
  secrets: SealDeps['secrets'],
  { last, fromXid, toXid, at }: Range,
): Promise<readonly Seal[]> => {
  const key = await ensureKey(tx, secrets);
  const seals: Seal[] = [];
  for (const { month, count, leaves } of await collectLeaves(tx, { fromXid, toXid })) {
    const before = seals.at(-1) ?? last;
    const content = {
      seq: (before?.seq ?? 0) + 1,
      month,
      fromXid,
      toXid,
      count,
      root: merkleRoot(leaves),
      previous: before === undefined ? firstPrevious : headOf(before),
      keyId: key.id,
      at,
    };
    const seal = signSeal(content, key);
    await insertSeal(tx, { ...seal, leaves });
    seals.push(seal);
  }
  return seals;
};
