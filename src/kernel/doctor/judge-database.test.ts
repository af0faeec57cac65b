import { expect, test } from 'vitest';

import type { DatabaseFacts } from '../database/facts.ts';
import { judgeDatabase, type Surroundings } from './judge-database.ts';

const healthy: DatabaseFacts = {
  version: 180_004,
  encoding: 'UTF8',
  localeProvider: 'b',
  locale: 'C.UTF-8',
  maxConnections: 97,
  connections: 12,
  isSuperuser: false,
  isOwner: false,
  walKeptBytes: 0,
  isArchiveFailing: false,
  oldestTransactionSeconds: 2,
};

const alone: Surroundings = {
  pooler: 'none',
  isPooled: false,
  hasDirectUrl: true,
  connectionsPerProcess: 7,
  processes: 3,
};

const badOnes = (facts: Partial<DatabaseFacts>, surroundings: Partial<Surroundings> = {}) =>
  judgeDatabase({ ...healthy, ...facts }, { ...alone, ...surroundings })
    .filter(({ severity }) => severity !== 'ok')
    .map(({ check, severity, fix }) => ({ check, severity, hasFix: fix !== null }));

const found = (check: string, severity: string) => [{ check, severity, hasFix: true }];

test('a healthy database has no finding', () => {
  expect(badOnes({})).toEqual([]);
});

test.for([
  [{ version: 140_011 }, found('database-version', 'error')],
  [{ version: 160_003 }, found('database-version', 'warning')],
  [{ encoding: 'SQL_ASCII' }, found('database-locale', 'error')],
  [{ localeProvider: 'c', locale: 'de_DE.UTF-8' }, found('database-locale', 'warning')],
  [{ localeProvider: 'c', locale: 'C.UTF-8' }, []],
  [{ maxConnections: 20 }, found('connections', 'error')],
  [{ maxConnections: 25 }, found('connections', 'warning')],
  [{ connections: 80 }, found('connections', 'warning')],
  [{ connections: 97 }, found('connections', 'error')],
  [{ isSuperuser: true }, found('database-role', 'warning')],
  [{ isOwner: true }, found('database-role', 'warning')],
  [{ walKeptBytes: 2 * 2 ** 30 }, found('write-ahead-log', 'warning')],
  [{ walKeptBytes: 20 * 2 ** 30 }, found('write-ahead-log', 'error')],
  [{ isArchiveFailing: true }, found('write-ahead-log', 'error')],
  [{ oldestTransactionSeconds: 3600 }, found('open-transactions', 'warning')],
] as const)('%o', ([facts, expected]) => {
  expect(badOnes(facts)).toEqual(expected);
});

test.for([
  [{ isPooled: true }, found('pooler', 'error')],
  [{ pooler: 'transaction', isPooled: true, hasDirectUrl: false }, found('pooler', 'warning')],
  [{ pooler: 'transaction', isPooled: true, hasDirectUrl: true }, found('pooler', 'error')],
  [{ pooler: 'transaction', isPooled: false, hasDirectUrl: true }, []],
] as const)('%o', ([surroundings, expected]) => {
  expect(badOnes({}, surroundings)).toEqual(expected);
});
