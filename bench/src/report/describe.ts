import { cpus, release, totalmem, type } from 'node:os';

import type { Proof } from '../ashlar/proof.ts';
import type { Builds } from '../build-peers.ts';
import type { Decay, Measured } from '../measure.ts';
import type { Options } from '../options.ts';

export const describeMachine = ({ gin }: Builds, options: Options): string => {
  const cores = cpus();
  const { rounds, seconds, connections } = options;
  return [
    `${cores.length} × ${cores[0]?.model ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, ${type()} ${release()}`,
    `Node ${process.version}, Go ${'absent' in gin ? `absent (${gin.absent})` : gin.version}`,
    `${rounds} interleaved rounds of ${seconds} s, ${connections} connections with one request in flight each; medians.`,
    'Server, PostgreSQL and load generator share the cores: read the figures as ratios. CPU is user and system time of the',
    "server's process for each request; `cores` is how many it kept busy; `database` and `generator` are theirs.",
  ].join('\n');
};

/** More than this beside a load, and something else decided what was measured. */
const DISTURBING_CORES = 0.2;

/** Null when the bench had the machine for itself. */
export const describeDisturbance = (measured: readonly Measured[]): string | null => {
  // Ashlar's own collector is no part of its process: what the peers had beside them tells.
  const peers = measured.flatMap(({ name, figures }) =>
    figures === null || name.startsWith('Ashlar') ? [] : [figures],
  );
  const disturbed = peers.filter(({ otherCores }) => otherCores > DISTURBING_CORES);
  if (disturbed.length === 0) return null;
  const worst = Math.max(...disturbed.map(({ otherCores }) => otherCores)).toFixed(1);
  return `DISTURBED: beside ${disturbed.length} of ${peers.length} loads other programs kept up to ${worst} cores busy. Measure again on an idle machine.`;
};

export const describeDecay = ({ name, first, last, ratio, result }: Decay): string =>
  [
    `sustained load, ${Math.round(result.seconds)} s: ${name}: ${Math.round(first)}/s at the start, ${Math.round(last)}/s at the end (${ratio.toFixed(2)})`,
    `p50 ${result.p50Ms.toFixed(2)} ms, p99 ${result.p99Ms.toFixed(2)} ms; requests in each second: ${result.perSecond.join(' ')}`,
  ].join('\n');

export const describeProof = ({ requests, logLines, spans }: Proof, spansUnderLoad: number): string =>
  `Ashlar wrote ${logLines} log lines and exported ${spans} spans for ${requests} single requests, and exported ${spansUnderLoad} spans during the rounds.`;
