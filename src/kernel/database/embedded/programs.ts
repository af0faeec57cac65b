import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

import { type Account, spawnIdentity } from './identity.ts';

/**
 * The whole environment of every program of PostgreSQL: what the operator's shell says (LANG, PG*, TZ) must not decide
 * how a database is made. The path is for the shell through which initdb starts its helpers.
 */
export const programEnvironment = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' } as const;

type Finished = { readonly isOk: boolean; readonly stdout: string; readonly stderr: string };

/** Runs a short program as the account, with `input` on its standard input. */
export const runProgram = async (
  command: readonly [string, ...string[]],
  account: Account,
  input = '',
): Promise<Finished> => {
  const [program, ...args] = command;
  const child = spawn(program, args, { env: programEnvironment, cwd: '/', ...spawnIdentity(account) });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // A program that ends before it has read everything tells why by itself: the broken pipe adds nothing.
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { isOk: code === 0, stdout, stderr };
};
