import { sql } from 'drizzle-orm';
import { describe, expect, onTestFinished } from 'vitest';

import { buildLog } from '#test/build.ts';
import { test } from '#test/database.ts';

import { openDatabase } from './open-database.ts';
import { prepared } from './prepared.ts';

const good = prepared('test.good', () => sql`select 1`);
const bad = prepared('test.bad', () => sql`select 1/0`);

/** Remembers what a real tracer and registry would get. */
const openObserved = async (url: string) => {
  const seen: string[] = [];
  const span = { end: () => seen.push('end'), setStatus: () => (seen.push('failed'), span) };
  const database = await openDatabase({
    url,
    log: buildLog(),
    metrics: {
      queryDuration: (name, outcome, seconds) => void seen.push(`${name} ${outcome} ${seconds > 0 && seconds < 2}`),
    },
    // `as`: only these two methods of a span are used.
    telemetry: { startSpan: (name) => (seen.push(`start ${name}`), span as never) },
  });
  onTestFinished(() => database.close());
  return { database, seen };
};

describe('every query', () => {
  test('has a span and a duration under the name of its query', async ({ databaseUrl }) => {
    const { database, seen } = await openObserved(databaseUrl);
    await good(database.lanes);
    expect(seen).toEqual(['start test.good', 'test.good ok true', 'end']);
  });

  test('that fails says so in both', async ({ databaseUrl }) => {
    const { database, seen } = await openObserved(databaseUrl);
    await expect(bad(database.lanes)).rejects.toMatchObject({ code: '22012' });
    expect(seen).toEqual(['start test.bad', 'test.bad error true', 'failed', 'end']);
  });

  test('without a name counts as unprepared, and a transaction shows its begin and commit', async ({ databaseUrl }) => {
    const { database, seen } = await openObserved(databaseUrl);
    await database.transaction((tx) => tx.execute(sql`select 1`));
    expect(seen.filter((line) => line.includes(' ok '))).toEqual([
      'begin ok true',
      'unprepared ok true',
      'commit ok true',
    ]);
  });
});
