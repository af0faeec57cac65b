import { randomBytes } from 'node:crypto';

import type { Candidate } from '../candidates.ts';
import { BENCH_LOGIN } from '../workloads.ts';
import type { Program } from './program.ts';

/** Access tokens live an hour here, so that half of it is a safe age. */
const TOKEN_SECONDS = 1800;

/** Ashlar itself: the whole program, its superuser signed in; and the same program with the module that has a POST. */
export const createAshlar = (program: Program, databaseUrl: string): Candidate[] => {
  const database = { external: databaseUrl };
  return [
    {
      id: 'ashlar',
      entries: [
        { workload: 'hello', name: 'Ashlar', path: '/health' },
        { workload: 'row', name: 'Ashlar', path: '/api/v1/auth/me' },
      ],
      absent: program.absent,
      start: async () => {
        const password = randomBytes(18).toString('base64');
        const { child, port } = await program.start(database);
        await program.command(
          ['auth', 'create-superuser', '--username', BENCH_LOGIN, '--password-stdin'],
          password,
          database,
        );
        return { pid: child.pid, port, token: createTokenSource(port, password), stop: () => child.stop() };
      },
    },
    {
      id: 'ashlar',
      entries: [{ workload: 'post', name: 'Ashlar', path: '/api/v1/bench/orders' }],
      absent: program.absent,
      start: async () => {
        const { child, port } = await program.start(database, 'with-orders');
        return { pid: child.pid, port, token: () => Promise.resolve(''), stop: () => child.stop() };
      },
    },
  ];
};

/** Signs in when the last token grows old. */
const createTokenSource = (port: number, password: string): (() => Promise<string>) => {
  let held = { token: '', atMs: -Infinity };
  return async () => {
    if (performance.now() - held.atMs > TOKEN_SECONDS * 1000) {
      held = { token: await signIn(port, password), atMs: performance.now() };
    }
    return held.token;
  };
};

const signIn = async (port: number, password: string): Promise<string> => {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1/auth/admin-login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: BENCH_LOGIN, password }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`admin-login answered ${response.status}: ${text}`);
  return (JSON.parse(text) as { accessToken: string }).accessToken;
};
