import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const program = 'redis-server';

const isInstalled = (): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

/** In CI such a test fails without the server instead of being skipped, since `.ci/run` installs it. */
const isMissing = !isInstalled() && process.env['CI'] !== 'true';

/** `describe.skipIf(redis.isMissing)(redis.title, …)` */
export const redis = {
  isMissing,
  title: isMissing ? 'with Redis (SKIPPED: redis-server is not installed)' : 'with Redis',
} as const;

const findFreePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
};

export type RedisServer = {
  readonly url: string;
  /** kill -9 */
  kill(): Promise<void>;
  /** The process stands still: connections stay open, and nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** On the same port, with nothing in it. */
  restart(): Promise<void>;
  close(): Promise<void>;
};

/** Debian's own server on a free port, with a directory of its own and nothing kept. */
export const openRedisServer = async (): Promise<RedisServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-redis-'));
  const port = await findFreePort();
  const start = async (): Promise<ChildProcess> => {
    const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', directory, '--save', '', '--appendonly', 'no'];
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('error', reject).once('exit', () => reject(new Error(`redis-server ended:\n${said}`)));
    await promise;
    return child;
  };
  let child = await start();
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    restart: async () => {
      await end('SIGKILL');
      child = await start();
    },
    close: async () => {
      await end('SIGKILL');
      await rm(directory, { recursive: true, force: true });
    },
  };
};
