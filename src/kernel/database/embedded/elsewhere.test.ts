import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { afterAll, describe, expect, test } from 'vitest';

import { openEmbeddedPostgres } from './open-embedded-postgres.ts';
import { poll } from './poll.ts';
import { findPostgresIn } from './processes.ts';
import { openWorkshop, silentLog as log } from './testing/workshop.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const unshare = ['--pid', '--ipc', '--mount-proc', '--fork', '--kill-child'];
const canUnshare = spawnSync('unshare', [...unshare, 'true']).status === 0;

// Holds the database open until the file `abandon` appears, then kills the holder and leaves the server running.
const script = `
  "$0" "$1" "$2" & holder=$!
  while ! [ -e "$2/../abandon" ]; do sleep 0.05; done
  { kill -9 $holder; wait $holder; } 2>/dev/null; echo abandoned; exec sleep 600`;

describe.skipIf(!canUnshare)('beside another container (SKIPPED where namespaces cannot be made)', () => {
  test('a server that lives there is neither doubled nor taken for dead', async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const holder = join(import.meta.dirname, 'testing/holder.ts');
    const container = workshop.startProcess('/usr/bin/unshare', [
      ...unshare,
      '/bin/sh',
      '-c',
      script,
      process.execPath,
      holder,
      dataDirectory,
    ]);
    const output = createInterface(container.stdout ?? process.stdin)[Symbol.asyncIterator]();
    expect((await output.next()).value).toContain('"isFirstStart":true');
    const busy = { code: 'EMBEDDED_DATABASE_BUSY', kind: 'conflict' };
    await expect(openEmbeddedPostgres({ dataDirectory, log })).rejects.toMatchObject(busy);
    await writeFile(join(dirname(dataDirectory), 'abandon'), '');
    expect((await output.next()).value).toBe('abandoned');
    const members = join(dataDirectory, 'members');
    for (const name of await readdir(members)) await utimes(join(members, name), 0, 0);
    await expect(openEmbeddedPostgres({ dataDirectory, log })).rejects.toMatchObject(busy);
    container.kill('SIGKILL');
    await once(container, 'exit');
    const cluster = join(dataDirectory, 'cluster');
    const isOver = async () => ((await findPostgresIn(cluster)).length === 0 ? true : null);
    expect(await poll(isOver, { everyMs: 10, deadlineMs: 10_000 })).toBe(true);
    const database = await openEmbeddedPostgres({ dataDirectory, log });
    expect(database.isFirstStart).toBe(false);
    await database.close();
  });
});
