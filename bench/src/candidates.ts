import { join } from 'node:path';

import type { Builds } from './build-peers.ts';
import type { Child, Children } from './host/children.ts';
import type { WorkloadId } from './workloads.ts';

/** A process that serves. */
export type Server = {
  readonly pid: number;
  readonly port: number;
  /** A bearer token that is accepted for minutes at least. */
  token(): Promise<string>;
  stop(): Promise<void>;
};

/** One program, and under which name and path it takes part in which workload. */
export type Candidate = {
  readonly id: string;
  readonly entries: readonly { readonly workload: WorkloadId; readonly name: string; readonly path: string }[];
  /** Why it cannot take part here; null if it can. */
  readonly absent: string | null;
  start(): Promise<Server>;
};

export type PeerContext = {
  readonly children: Children;
  readonly benchRoot: string;
  readonly builds: Builds;
  readonly environment: Readonly<Record<string, string>>;
  readonly token: string;
};

const everything = (name: string): Candidate['entries'] => [
  { workload: 'hello', name, path: '/health' },
  { workload: 'post', name, path: '/orders' },
  { workload: 'row', name, path: '/me' },
];

const onlyRows = (suffix: string): Candidate['entries'] => [
  { workload: 'row', name: `Gin + pgx, bare row${suffix}`, path: '/me' },
  { workload: 'row', name: `Gin + pgx, verified, JSON log${suffix}`, path: '/me/verified' },
];

export const createPeers = (context: PeerContext): Candidate[] => {
  const node =
    (file: string, args: readonly string[] = [], environment = {}) =>
    () =>
      startPeer(context, process.execPath, [file, ...args], environment);
  const peer = (name: string) => join(context.benchRoot, 'src/peers', name);
  const { nest, gin } = context.builds;
  const absent = 'absent' in gin ? gin.absent : null;
  const go = (environment: Record<string, string>) => () => {
    if ('absent' in gin) throw new Error(gin.absent);
    return startPeer(context, gin.path, [], environment);
  };
  return [
    { id: 'node-http', entries: everything('node:http'), absent: null, start: node(peer('node-http.ts')) },
    { id: 'hono', entries: everything('Hono'), absent: null, start: node(peer('hono.ts')) },
    { id: 'fastify', entries: everything('Fastify'), absent: null, start: node(peer('fastify.ts')) },
    { id: 'nest-express', entries: everything('Nest on Express'), absent: null, start: node(nest, ['express']) },
    { id: 'nest-fastify', entries: everything('Nest on Fastify'), absent: null, start: node(nest, ['fastify']) },
    {
      id: 'gin',
      entries: [...everything('Gin').filter(({ workload }) => workload !== 'row'), ...onlyRows('')],
      absent,
      start: go({}),
    },
    { id: 'gin-one-core', entries: onlyRows(', one core'), absent, start: go({ GOMAXPROCS: '1' }) },
  ];
};

/** The control of the decay row: what postgres.js does with the ten connections of its default. */
export const createStockPool = (context: PeerContext): Candidate => ({
  id: 'stock-pool',
  entries: [{ workload: 'row', name: 'node:http with postgres.js max 10', path: '/me' }],
  absent: null,
  start: () =>
    startPeer(context, process.execPath, [join(context.benchRoot, 'src/peers/node-http.ts')], {
      BENCH_POOL_SIZE: '10',
    }),
});

const startPeer = async (
  { children, environment, token }: PeerContext,
  command: string,
  args: readonly string[],
  own: Readonly<Record<string, string>>,
): Promise<Server> => {
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment, ...own };
  const child = children.start(command, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
  return { pid: child.pid, port: await readPort(child), token: () => Promise.resolve(token), stop: () => child.stop() };
};

const readPort = async (child: Child): Promise<number> => {
  const line = await child.firstLine(20);
  return (JSON.parse(line) as { port: number }).port;
};
