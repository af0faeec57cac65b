import { sql } from 'drizzle-orm';

import { prepared, type Slots } from './prepared.ts';

/** Which request: one key of one actor for one operation. */
export type KeyRow = { readonly actorId: string; readonly operation: string; readonly key: string };

/** Who runs it. `epoch` is text, since it is a bigint. */
export type Reservation = KeyRow & { readonly processId: string; readonly epoch: string };

/** `isOurs`: reserved just now. Else what stands there; `isAlive` says whether the process that runs it is. */
export type Reserved = {
  readonly isOurs: boolean;
  readonly isSame: boolean;
  readonly state: 'running' | 'done';
  readonly processId: string;
  readonly epoch: string;
  readonly answer: Uint8Array | null;
  readonly sealedAnswer: Uint8Array | null;
  readonly isAlive: boolean;
};

const isThis = (value: Slots<KeyRow>) =>
  sql`k.actor_id = ${value.actorId}::uuid and k.operation = ${value.operation}::text and k.key = ${value.key}::text`;

const isRunBy = (value: Slots<Reservation>) =>
  sql`${isThis(value)} and k.state = 'running' and k.process_id = ${value.processId}::uuid
    and k.epoch = ${value.epoch}::bigint`;

/** As the sweeper of processes judges: no row, or silent for ten seconds. */
const isAlive = (processId: unknown) =>
  sql`exists (select from kernel.processes p where p.id = ${processId} and p.seen_at > now() - interval '10 seconds')`;

type Reserve = KeyRow & { readonly processId: string; readonly bodyHash: Uint8Array };

/**
 * Takes a key that is new or older than a day, or tells what it is used for. No row: it was taken while this statement
 * ran, so ask again. It does not wait for the disk: what is done under the reservation commits after it, and so do
 * both reach the disk, or only the first.
 */
export const reserveKey = prepared(
  'kernel.reserve-idempotency-key',
  (_db, value: Slots<Reserve>) => sql<Reserved>`
    with quick as materialized (select set_config('synchronous_commit', 'off', true)),
    reserved as (
      insert into kernel.idempotency_keys as k (actor_id, operation, key, body_hash, state, process_id, epoch)
      select ${value.actorId}::uuid, ${value.operation}::text, ${value.key}::text, ${value.bodyHash}::bytea, 'running',
        ${value.processId}::uuid, nextval('kernel.idempotency_epoch') from quick
      on conflict (actor_id, operation, key) do update
         set body_hash = excluded.body_hash, state = 'running', process_id = excluded.process_id,
             epoch = excluded.epoch, answer = null, sealed_answer = null, created_at = now()
       where k.created_at < now() - interval '24 hours'
      returning k.process_id, k.epoch
    )
    select true as "isOurs", true as "isSame", 'running' as state, process_id as "processId", epoch::text as epoch,
      null::bytea as answer, null::bytea as "sealedAnswer", true as "isAlive"
    from reserved
    union all
    select false, k.body_hash = ${value.bodyHash}::bytea, k.state, k.process_id, k.epoch::text, k.answer, k.sealed_answer,
      ${isAlive(sql`k.process_id`)}
    from kernel.idempotency_keys k where ${isThis(value)} and not exists (select from reserved)`,
);

/**
 * Takes a request over from a process that is gone: `processId` and `epoch` are that one's. No row: somebody was
 * faster, it was finished after all, or the process is alive.
 */
export const takeOverKey = prepared(
  'kernel.take-over-idempotency-key',
  (_db, value: Slots<Reservation & { readonly heirId: string }>) => sql<{ readonly epoch: string }>`
    update kernel.idempotency_keys k
       set process_id = ${value.heirId}::uuid, epoch = nextval('kernel.idempotency_epoch')
     where ${isRunBy(value)} and not ${isAlive(sql`${value.processId}::uuid`)}
    returning k.epoch::text as epoch`,
);

type Kept = Reservation & { readonly answer: Uint8Array | null; readonly sealedAnswer: Uint8Array | null };

/** Keeps the answer. No row: the reservation is somebody else's by now. */
export const keepAnswer = prepared(
  'kernel.keep-idempotent-answer',
  (_db, value: Slots<Kept>) => sql<{ readonly epoch: string }>`
    update kernel.idempotency_keys k
       set state = 'done', answer = ${value.answer}::bytea, sealed_answer = ${value.sealedAnswer}::bytea
     where ${isRunBy(value)}
    returning k.epoch::text as epoch`,
);

/** Forgets what was reserved and came to nothing. */
export const releaseKey = prepared(
  'kernel.release-idempotency-key',
  (_db, value: Slots<KeyRow & { readonly processId: string }>) => sql`
    delete from kernel.idempotency_keys k
     where ${isThis(value)} and k.state = 'running' and k.process_id = ${value.processId}::uuid`,
);

/** Keys older than a day: 10,000 at most, and none that somebody holds. */
export const deleteOldKeys = prepared(
  'kernel.delete-old-idempotency-keys',
  () => sql<{ readonly isMore: boolean }>`
    with old as (
      delete from kernel.idempotency_keys where ctid = any (array(
        select ctid from kernel.idempotency_keys where created_at < now() - interval '24 hours'
        limit 10000 for update skip locked))
      returning 1
    )
    select count(*) = 10000 as "isMore" from old`,
);
