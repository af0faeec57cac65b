import type { DatabaseFacts } from '../database/facts.ts';
import { type Finding, reportOn } from './finding.ts';

export type Surroundings = {
  readonly pooler: 'none' | 'transaction';
  /** Whether connections are given away between transactions on the way that is taken for LISTEN and session locks. */
  readonly isPooled: boolean;
  readonly hasDirectUrl: boolean;
  /** What one process opens at most. */
  readonly connectionsPerProcess: number;
  /** How many run now; one at least is meant to. */
  readonly processes: number;
};

/** What a database's facts mean for us. */
export const judgeDatabase = (facts: DatabaseFacts, surroundings: Surroundings): readonly Finding[] => [
  judgeVersion(facts),
  judgeLocale(facts),
  judgePooler(surroundings),
  judgeConnections(facts, surroundings),
  judgeRole(facts),
  judgeWal(facts),
  judgeTransactions(facts),
];

const judgeVersion = ({ version }: DatabaseFacts): Finding => {
  const { ok, warning, error } = reportOn('database-version');
  const name = `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000}`;
  if (version < 150_000) return error(`${name} is too old`, 'upgrade to PostgreSQL 15 or newer');
  if (version >= 170_000) return ok(name);
  return warning(`${name} has no limit for whole transactions`, 'upgrade to PostgreSQL 17 or newer');
};

const judgeLocale = ({ encoding, localeProvider, locale }: DatabaseFacts): Finding => {
  const { ok, warning, error } = reportOn('database-locale');
  if (encoding !== 'UTF8') {
    return error(`the database is encoded as ${encoding}`, 'make one with encoding UTF8, and move the data there');
  }
  const isStable = localeProvider !== 'c' || ['C', 'POSIX', 'C.UTF-8', 'C.utf8'].includes(locale);
  if (isStable) return ok(`UTF8, ${locale}`);
  return warning(
    `texts are sorted by ${locale} of the operating system: an upgrade of that breaks indexes`,
    "make the database with locale_provider builtin and locale 'C.UTF-8', or reindex after each such upgrade",
  );
};

const judgePooler = ({ pooler, isPooled, hasDirectUrl }: Surroundings): Finding => {
  const { ok, warning, error } = reportOn('pooler');
  if (pooler === 'none' && isPooled) {
    const fix = 'set database.pooler to transaction, and database.directUrl to a way past the pooler';
    return error(
      'a pooler gives connections away between transactions, and the configuration says that there is none',
      fix,
    );
  }
  if (pooler === 'none') return ok('connections are our own');
  if (!hasDirectUrl) {
    return warning(
      'behind a pooler without a way past it dead processes are noticed after 10 s, not at once',
      'set database.directUrl',
    );
  }
  return isPooled
    ? error('database.directUrl leads through a pooler too', 'let it lead to PostgreSQL itself')
    : ok('there is a way past the pooler');
};

const judgeConnections = (facts: DatabaseFacts, { connectionsPerProcess, processes }: Surroundings): Finding => {
  const { ok, warning, error } = reportOn('connections');
  const { maxConnections, connections } = facts;
  const needed = connectionsPerProcess * Math.max(processes, 1);
  const state = `${processes} processes need up to ${needed} of ${maxConnections} connections, ${connections} are open`;
  const fix = 'raise max_connections, put a pooler in between, or lower database.lanes and database.transactions';
  if (needed > maxConnections || connections >= maxConnections) return error(state, fix);
  return needed > maxConnections * 0.8 || connections > maxConnections * 0.8 ? warning(state, fix) : ok(state);
};

const judgeRole = ({ isSuperuser, isOwner }: DatabaseFacts): Finding => {
  const { ok, warning } = reportOn('database-role');
  const fix = 'run on a role that may only read and write (database.url), and migrate with another (database.ownerUrl)';
  if (isSuperuser) return warning('the program runs as a superuser of the database', fix);
  return isOwner ? warning('one role migrates and runs', fix) : ok('one role migrates, another runs');
};

const gigabyte = 2 ** 30;

const judgeWal = ({ walKeptBytes, isArchiveFailing }: DatabaseFacts): Finding => {
  const { ok, warning, error } = reportOn('write-ahead-log');
  if (isArchiveFailing) {
    return error(
      'archiving the write-ahead log fails',
      'look into the log of PostgreSQL: the disk fills until it works again',
    );
  }
  const state = `replication slots keep ${(walKeptBytes / gigabyte).toFixed(1)} GB of write-ahead log`;
  const fix = 'start the replica that lags, or drop its slot (pg_replication_slots)';
  if (walKeptBytes > 10 * gigabyte) return error(state, fix);
  return walKeptBytes > gigabyte ? warning(state, fix) : ok(state);
};

const judgeTransactions = ({ oldestTransactionSeconds }: DatabaseFacts): Finding => {
  const { ok, warning } = reportOn('open-transactions');
  const seconds = Math.round(oldestTransactionSeconds ?? 0);
  if (seconds < 600) return ok('no transaction is open for long');
  return warning(
    `a transaction is open for ${seconds} s: nothing is cleaned up meanwhile`,
    'find it in pg_stat_activity by xact_start, and end it',
  );
};
