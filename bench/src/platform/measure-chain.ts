import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { logFileOf } from '../ashlar/program.ts';
import type { Server } from '../candidates.ts';
import { loadOnce } from '../measure.ts';
import { workloads } from '../workloads.ts';
import type { PlatformSetting, Reading } from './setting.ts';

/** A server under load that answers who is signed in, whom a Map knows: the chain around the answer is what costs. */
export const measureChain = async (setting: PlatformSetting, candidate: string, seconds: number): Promise<Reading> => {
  const workload = workloads.find(({ id }) => id === 'row');
  if (workload === undefined) throw new Error('there is no workload with a bearer token');
  const token = randomBytes(24).toString('base64url');
  const { server, path } = await (candidate === 'ashlar' ? startAshlar : startFastify)(setting, token);
  const bench = {
    generator: setting.generator,
    databasePid: setting.cluster.pid,
    options: { connections: 64, warmupSeconds: Math.min(3, seconds) },
  };
  const result = await loadOnce(bench, { workload, path, server }, seconds).finally(() => server.stop());
  if (typeof result === 'string') throw new Error(`${candidate} does not do its work: ${result}`);
  return { value: result.requests / result.seconds, cpu: result.serverCpu / result.requests };
};

type Started = { readonly server: Server; readonly path: string };

const startAshlar = async ({ program, withDatabase }: PlatformSetting, token: string): Promise<Started> => {
  const external = await withDatabase('chain');
  const variant = { name: 'chain', withBenchModule: true, withoutTraces: true, knownToken: token };
  const { child, port } = await program.start({ external }, variant);
  const server = { pid: child.pid, port, token: () => Promise.resolve(token), stop: () => child.stop() };
  return { server, path: '/api/v1/bench/whoami' };
};

const startFastify = async ({ children, directory, benchRoot }: PlatformSetting, token: string): Promise<Started> => {
  const environment = { BENCH_TOKEN: token, BENCH_LOG_FILE: logFileOf(directory, 'fastify') };
  const env = { PATH: process.env['PATH'], NODE_ENV: 'production', ...environment };
  const script = join(benchRoot, 'src/peers/fastify-plugins.ts');
  const child = children.start(process.execPath, [script], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  const { port } = JSON.parse(await child.firstLine(20)) as { port: number };
  const server = { pid: child.pid, port, token: () => Promise.resolve(token), stop: () => child.stop() };
  return { server, path: '/whoami' };
};
