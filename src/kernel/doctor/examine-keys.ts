import type { Database } from '../database/database.ts';
import { countRootSecrets } from '../database/facts.ts';
import { hasSealedUnderAnother } from '../database/sealed-values.ts';
import { AppError } from '../error.ts';
import type { MasterKeySource } from '../secrets/key-source.ts';
import type { SealedTable } from '../secrets/sealed-table.ts';
import { openSecrets } from '../secrets/secrets.ts';
import { type Finding, reportOn } from './finding.ts';

type Options = {
  readonly source: MasterKeySource;
  readonly database: Database;
  readonly tables: readonly SealedTable[];
};

/** That the master key is there and is the right one, and that no rotation was left unfinished. Makes no key. */
export const examineKeys = async ({ source, database, tables }: Options): Promise<readonly Finding[]> => {
  const { ok, warning, error } = reportOn('master-key');
  const count = await countRootSecrets(database.lanes);
  if (count === null || count === 0) return [ok('nothing is sealed yet')];
  try {
    const { secrets } = await openSecrets(source, database);
    const left: string[] = [];
    for (const table of tables) {
      if (await hasSealedUnderAnother(database.lanes, table, secrets.keyId)) left.push(table.table);
    }
    if (left.length === 0) return [ok('the master key opens what is sealed')];
    return [
      warning(`${left.join(', ')} hold values under a former master key`, 'run ./ashlar secrets rotate: it finishes'),
    ];
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.kind !== 'conflict') throw thrown;
    return [
      error(
        `${thrown.code}: ${String(thrown.details['message'])}`,
        'give the right key; without it what is sealed is lost',
      ),
    ];
  }
};
