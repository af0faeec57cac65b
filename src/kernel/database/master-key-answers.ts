import { sql } from 'drizzle-orm';

import { prepared, type Slots } from './prepared.ts';

type Answer = {
  readonly question: string;
  readonly processId: string;
  readonly knows: boolean;
  readonly seals: boolean;
};

export const insertMasterKeyAnswer = prepared(
  'kernel.insert-master-key-answer',
  (_db, value: Slots<Answer>) => sql`
    insert into kernel.master_key_answers (question, process_id, knows, seals)
    values (${value.question}::uuid, ${value.processId}::uuid, ${value.knows}, ${value.seals})
    on conflict (question, process_id) do update set knows = excluded.knows, seals = excluded.seals`,
);

/** A running process, and what it has answered; null: nothing yet. */
export type Answered = {
  readonly role: string;
  readonly host: string;
  readonly pid: number;
  readonly knows: boolean | null;
  readonly seals: boolean | null;
};

export const listMasterKeyAnswers = prepared(
  'kernel.list-master-key-answers',
  (_db, value: Slots<{ readonly question: string }>) => sql<Answered>`
    select role, host, pid, knows, seals
      from kernel.processes
      left join kernel.master_key_answers on process_id = id and question = ${value.question}::uuid
     order by host, pid`,
);

export const sweepMasterKeyAnswers = prepared(
  'kernel.sweep-master-key-answers',
  () => sql`delete from kernel.master_key_answers where answered_at < now() - interval '1 hour'`,
);
