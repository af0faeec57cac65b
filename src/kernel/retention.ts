import type { Database, Tx } from './database/database.ts';

/** How one mechanism makes room for what comes and forgets what is past its time. Each step has its own transaction. */
export type Retention = {
  /** For logs: `task results`. */
  readonly name: string;
  /** Makes the partitions of now and the days to come, if they are not there. */
  createPartitions?(tx: Tx): Promise<unknown>;
  /** Drops partitions or deletes a batch of rows. True: there is more, call again. */
  dropExpired?(tx: Tx): Promise<boolean>;
};

/** Everything that must be turned over as time passes. Mechanisms and modules add themselves when they are built. */
export type Retentions = {
  add(retention: Retention): void;
  /** Before a process writes, and hourly. One that fails does not keep the others; throws AggregateError at the end. */
  createPartitions(): Promise<void>;
  /** Likewise. An aborted signal ends it between two batches. */
  dropExpired(signal: AbortSignal): Promise<void>;
};

export const createRetentions = (database: Pick<Database, 'transaction'>): Retentions => {
  const all: Retention[] = [];
  return {
    add: (retention) => void all.push(retention),
    createPartitions: () =>
      eachOf(all, 'partitions could not be made', async ({ createPartitions }) => {
        if (createPartitions) await database.transaction(createPartitions);
      }),
    dropExpired: (signal) =>
      eachOf(all, 'what is expired could not be dropped', async ({ dropExpired }) => {
        if (!dropExpired) return;
        do signal.throwIfAborted();
        while (await database.transaction(dropExpired, { signal }));
      }),
  };
};

const eachOf = async (
  all: readonly Retention[],
  problem: string,
  act: (retention: Retention) => Promise<void>,
): Promise<void> => {
  const errors: unknown[] = [];
  const names: string[] = [];
  for (const retention of all) {
    try {
      await act(retention);
    } catch (thrown) {
      errors.push(thrown);
      names.push(retention.name);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${problem}: ${names.join(', ')}`, { cause: errors[0] });
};
