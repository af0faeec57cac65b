import type { Db } from '../database/database.ts';
import { type KeyRow, type Reserved, reserveKey, takeOverKey } from '../database/idempotency-keys.ts';
import type { Logger } from '../observability/logger.ts';

/** What a key turned out to be. */
export type Found =
  | { readonly outcome: 'reserved'; readonly epoch: string }
  | { readonly outcome: 'answered'; readonly row: Reserved }
  | { readonly outcome: 'reused' | 'running' };

/** `processId`: who would run it. */
export type Asked = KeyRow & { readonly processId: string; readonly bodyHash: Uint8Array };

/** Others may change the row between two looks; after so many somebody is surely running it. */
const maxLooks = 5;

/** Reserves the key for this process, also from one that is gone; or tells why not. */
export const findKey = async (db: Db, asked: Asked, log: Logger): Promise<Found> => {
  for (let looks = 0; looks < maxLooks; looks += 1) {
    const [row] = await reserveKey(db, asked);
    const found = row === undefined ? null : (judge(row) ?? (await takeOver(db, asked, row)));
    if (found?.outcome === 'reserved' && row?.isOurs === false) {
      log.info({ operation: asked.operation }, 'a request is run anew: the process that ran it is gone');
    }
    if (found !== null) return found;
  }
  return { outcome: 'running' };
};

/** Null: it belongs to a process that is gone. */
const judge = (row: Reserved): Found | null => {
  if (row.isOurs) return { outcome: 'reserved', epoch: row.epoch };
  if (!row.isSame) return { outcome: 'reused' };
  if (row.state === 'done') return { outcome: 'answered', row };
  return row.isAlive ? { outcome: 'running' } : null;
};

const takeOver = async (db: Db, asked: Asked, { processId, epoch }: Reserved): Promise<Found | null> => {
  const { actorId, operation, key, processId: heirId } = asked;
  const [taken] = await takeOverKey(db, { actorId, operation, key, processId, epoch, heirId });
  return taken === undefined ? null : { outcome: 'reserved', epoch: taken.epoch };
};
