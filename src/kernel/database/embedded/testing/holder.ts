import { pino } from 'pino';

import { openEmbeddedPostgres } from '../open-embedded-postgres.ts';

/** A process of its own for tests: opens the database, prints its addresses as one line, closes on SIGTERM. */
const [, , dataDirectory = '', user] = process.argv;
const started = performance.now();
try {
  const database = await openEmbeddedPostgres({ dataDirectory, user, log: pino({ level: 'silent' }) });
  const tookMs = performance.now() - started;
  const { ownerUrl, url, adminUrl, isFirstStart } = database;
  process.stdout.write(`${JSON.stringify({ ownerUrl, url, adminUrl, isFirstStart, tookMs })}\n`);
  const keepAlive = setInterval(() => undefined, 60_000);
  process.once('SIGTERM', () => {
    clearInterval(keepAlive);
    void database.close();
  });
} catch (thrown) {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : null;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  process.stdout.write(`${JSON.stringify({ code, message })}\n`);
  process.exitCode = 1;
}
