import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { createAshlar, createVariants } from './ashlar/candidate.ts';
import { createProgram, logFileOf, type Program } from './ashlar/program.ts';
import { openSink, type Sink } from './ashlar/sink.ts';
import { type Builds, buildPeers } from './build-peers.ts';
import { type Candidate, createPeers, createStockPool, type PeerContext } from './candidates.ts';
import type { Children } from './host/children.ts';
import { openCluster } from './host/postgres.ts';
import { openGenerator } from './load/open-generator.ts';
import type { Bench } from './measure.ts';
import type { Options } from './options.ts';
import { seedDatabases } from './seed.ts';
import { peerEnvironment } from './workloads.ts';

export type BenchContext = {
  readonly options: Options;
  readonly children: Children;
  /** Temporary; the caller removes it. */
  readonly directory: string;
  readonly benchRoot: string;
};

/** All that a run needs before the first server starts. */
export type Setting = {
  readonly bench: Bench;
  readonly builds: Builds;
  readonly candidates: readonly Candidate[];
  readonly stockPool: Candidate;
  readonly program: Program;
  readonly sink: Sink;
  readonly logFile: string;
  readonly ashlarUrl: string;
};

export const prepare = async ({ options, children, directory, benchRoot }: BenchContext): Promise<Setting> => {
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const projectRoot = join(benchRoot, '..');
  say('building the peers');
  const builds = buildPeers(benchRoot);
  say('starting PostgreSQL');
  const cluster = await openCluster(children, projectRoot, directory);
  const { settings, ashlarUrl } = await seedDatabases(cluster);
  const sink = await openSink();
  mkdirSync(join(directory, 'logs'));
  const masterKey = randomBytes(32).toString('base64');
  const program = createProgram({ children, projectRoot, directory, otlpUrl: sink.url, masterKey });
  const peers: PeerContext = {
    children,
    benchRoot,
    builds,
    environment: peerEnvironment(settings, logFileOf(directory, 'gin')),
    token: settings.token,
  };
  const all = [
    ...createPeers(peers),
    ...createAshlar(program, ashlarUrl),
    ...(options.variants ? createVariants(program, ashlarUrl) : []),
  ];
  return {
    bench: { generator: await openGenerator(children), databasePid: cluster.pid, options, say },
    builds,
    candidates: all.filter(({ id }) => options.only === null || options.only.includes(id)),
    stockPool: createStockPool(peers),
    program,
    sink,
    logFile: logFileOf(directory, 'run-all-in-one'),
    ashlarUrl,
  };
};
