import type { Candidate } from '../candidates.ts';
import { BENCH_LOGIN } from '../workloads.ts';
import type { Program, Variant } from './program.ts';

/** Of a superuser whose database goes with the bench. */
const PASSWORD = 'only for the length of a bench';

/** Access tokens live an hour here, so that half of it is a safe age. */
const TOKEN_SECONDS = 1800;

const ME = '/api/v1/auth/me';
const ORDERS = '/api/v1/bench/orders';

/** Ashlar itself: the whole program, its superuser signed in; and the same program with the module that has a POST. */
export const createAshlar = (program: Program, databaseUrl: string): Candidate[] => {
  const createCandidate = createFactory(program, databaseUrl);
  return [
    createCandidate({ name: 'run-all-in-one' }, [
      { workload: 'hello', name: 'Ashlar', path: '/health' },
      { workload: 'row', name: 'Ashlar', path: ME },
    ]),
    createCandidate({ name: 'bench-module', withBenchModule: true }, [
      { workload: 'post', name: 'Ashlar', path: ORDERS },
    ]),
  ];
};

/** Ashlar with less, to see what costs what. */
export const createVariants = (program: Program, databaseUrl: string): Candidate[] => {
  const createCandidate = createFactory(program, databaseUrl);
  const entries = (suffix: string): Candidate['entries'] => [
    { workload: 'hello', name: `Ashlar${suffix}`, path: '/health' },
    { workload: 'post', name: `Ashlar${suffix}`, path: ORDERS },
    { workload: 'row', name: `Ashlar${suffix}`, path: ME },
    { workload: 'row', name: `Ashlar${suffix}, session only`, path: '/api/v1/bench/whoami' },
  ];
  return [
    createCandidate({ name: 'traces', withBenchModule: true }, entries(', again')),
    createCandidate({ name: 'no-traces', withBenchModule: true, withoutTraces: true }, entries(', no traces')),
  ];
};

type Factory = (variant: Variant, entries: Candidate['entries']) => Candidate;

const createFactory = (program: Program, databaseUrl: string): Factory => {
  const database = { external: databaseUrl };
  return (variant, entries) => ({
    id: 'ashlar',
    entries,
    absent: program.absent,
    start: async () => {
      const { child, port } = await program.start(database, variant);
      await program.command(
        ['auth', 'create-superuser', '--username', BENCH_LOGIN, '--password-stdin'],
        PASSWORD,
        database,
      );
      return { pid: child.pid, port, token: createTokenSource(port, PASSWORD), stop: () => child.stop() };
    },
  });
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
