import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { pino } from 'pino';
import { z } from 'zod';

import { fallbackFor } from '../fallback.ts';
import { clusterIn } from '../identity.ts';
import { findPostgresIn } from '../processes.ts';
import { stopServer } from '../server.ts';

const answerSchema = z.union([
  z.object({ ownerUrl: z.string(), url: z.string(), adminUrl: z.string(), isFirstStart: z.boolean() }),
  z.object({ code: z.string().nullable(), message: z.string() }),
]);

/** `uid`: of the holder itself; `user`: of the server, if the holder is root. */
type HolderOptions = { readonly uid?: number; readonly user?: string };

type Opened = Extract<z.infer<typeof answerSchema>, { url: string }>;

/** A process of its own that has the database open. */
export type Holder = Opened & { kill(): Promise<void>; close(): Promise<void> };

/** Makes data directories and processes for one test file, and leaves neither behind. */
export const openWorkshop = () => {
  const directories: string[] = [];
  const children: ChildProcess[] = [];

  /** A data directory that does not exist yet, below a directory of the given rights and owner. */
  const newDataDirectory = async ({ mode = 0o755, uid = process.getuid?.() ?? 0 } = {}): Promise<string> => {
    const parent = await realpath(await mkdtemp(join(tmpdir(), 'ashlar-embedded-')));
    await chmod(parent, mode);
    await chown(parent, uid, process.getgid?.() ?? 0);
    const directory = join(parent, 'data');
    directories.push(directory);
    return directory;
  };

  const startProcess = (command: string, args: readonly string[], uid?: number): ChildProcess => {
    const identity = uid === undefined ? {} : { uid, gid: uid };
    const child = spawn(command, args, { env: {}, stdio: ['ignore', 'pipe', 'inherit'], ...identity });
    children.push(child);
    return child;
  };

  const startHolder = (dataDirectory: string, { uid, user }: HolderOptions = {}): ChildProcess => {
    const script = join(import.meta.dirname, 'holder.ts');
    return startProcess(process.execPath, [script, dataDirectory, ...(user === undefined ? [] : [user])], uid);
  };

  /** Opens the database in another process with an empty environment; gives what that process said. */
  const ask = async (dataDirectory: string, options: HolderOptions = {}) => {
    const child = startHolder(dataDirectory, options);
    if (child.stdout === null) throw new Error('the holder has no output');
    const [line] = await once(createInterface(child.stdout), 'line');
    return { child, answer: answerSchema.parse(JSON.parse(String(line))) };
  };

  const hold = async (dataDirectory: string, options: HolderOptions = {}): Promise<Holder> => {
    const { child, answer } = await ask(dataDirectory, options);
    if ('message' in answer) throw new Error(answer.message);
    const end = (signal: NodeJS.Signals) => async () => {
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    };
    return { ...answer, kill: end('SIGKILL'), close: end('SIGTERM') };
  };

  const close = async (): Promise<void> => {
    for (const child of children) await endProcess(child);
    const removals = await Promise.allSettled(directories.map(removeDatabase));
    for (const removal of removals) if (removal.status === 'rejected') throw removal.reason;
  };

  return { newDataDirectory, startProcess, startHolder, ask, hold, close };
};

const endProcess = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
};

const removeDatabase = async (dataDirectory: string): Promise<void> => {
  for (const path of [dataDirectory, fallbackFor(dataDirectory)]) {
    const cluster = clusterIn(path);
    await stopServer(cluster);
    for (const { pid } of await findPostgresIn(cluster)) process.kill(pid, 'SIGKILL');
    await rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
  await rm(join(dataDirectory, '..'), { recursive: true, force: true });
};

export const silentLog = pino({ level: 'silent' });
