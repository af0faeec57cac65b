import { z } from 'zod';

import type { Database, Tx } from '../database/database.ts';
import {
  type Answered,
  insertMasterKeyAnswer,
  listMasterKeyAnswers,
  sweepMasterKeyAnswers,
} from '../database/master-key-answers.ts';
import type { RootSecretRow } from '../database/root-secret.ts';
import type { Feed } from '../feed/feed.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import type { Keyring } from './keyring.ts';
import type { Secrets } from './secrets.ts';

/** Another master key seals from now on. */
const changed = {
  name: 'kernel.master-key-changed',
  data: z.object({ generation: z.int(), sealed: z.base64() }),
};

/** Whoever replaces the master key asks every process what it knows of the new one. */
const asked = { name: 'kernel.master-key-asked', data: z.object({ question: z.uuid(), keyId: z.string() }) };

/** What processes tell each other about the master key; never the key. */
export type MasterKeyNotices = {
  announce(tx: Tx, row: RootSecretRow): Promise<void>;
  /**
   * Asks until every running process answers that it has the key (`knows`) or seals with it (`seals`), for 10 s at most.
   * Answers those that did not, as `run-auth-http on host, pid 12`.
   */
  untilAll(what: 'knows' | 'seals', keyId: string): Promise<readonly string[]>;
};

type Options = {
  readonly feed: Feed;
  /** Of this process. */
  readonly processId: string;
  readonly database: Database;
  readonly keyring: Keyring;
  readonly secrets: Secrets;
  readonly log: Logger;
  /** How long `untilAll` asks. Default 10 s. */
  readonly patienceMs?: number;
};

export const openMasterKeyNotices = (options: Options): MasterKeyNotices => {
  const { feed, patienceMs = 10_000 } = options;
  feed.listen(changed, ({ generation, sealed }) =>
    follow(options, { generation, sealed: Buffer.from(sealed, 'base64') }),
  );
  feed.listen(asked, (question) => void answer(options, question));
  return {
    announce: (tx, { generation, sealed }) =>
      feed.publish(tx, changed, { generation, sealed: sealed.toString('base64') }),
    untilAll: async (what, keyId) => {
      const deadline = performance.now() + patienceMs;
      for (;;) {
        const others = (await askOnce(options, keyId)).filter((process) => process[what] !== true);
        if (others.length === 0 || performance.now() > deadline) return others.map(nameOf);
      }
    },
  };
};

/** One pulse, and a little for the answers. */
const answerMs = 1000;
const lookMs = 50;

const nameOf = ({ role, host, pid }: Answered): string => `${role} on ${host}, pid ${pid}`;

const follow = ({ keyring, secrets, log }: Options, row: RootSecretRow): void => {
  try {
    keyring.reload();
    secrets.follow(row);
  } catch (err) {
    // It goes on sealing with a key that others will drop: whoever replaces the key sees that it did not follow.
    log.error({ err }, 'the master key was replaced by one that this process does not have: give it, and restart');
  }
};

const answer = async (options: Options, { question, keyId }: z.output<typeof asked.data>): Promise<void> => {
  const { database, keyring, secrets, processId, log } = options;
  try {
    keyring.reload();
    const knows = keyring.find(keyId) !== null;
    await insertMasterKeyAnswer(database.lanes, { question, processId, knows, seals: secrets.keyId === keyId });
  } catch (err) {
    log.warn({ err }, 'a question about the master key could not be answered; it is asked again');
  }
};

/** Every running process with its answer, as soon as all have answered or after a second. */
const askOnce = async ({ database, feed }: Options, keyId: string): Promise<readonly Answered[]> => {
  const question = newId();
  await database.transaction(async (tx) => {
    await sweepMasterKeyAnswers(tx);
    await feed.publish(tx, asked, { question, keyId });
  });
  const deadline = performance.now() + answerMs;
  for (;;) {
    const processes = await listMasterKeyAnswers(database.lanes, { question });
    if (processes.every(({ knows }) => knows !== null) || performance.now() > deadline) return processes;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
};
