import type { Goal } from '../report/goals.ts';
import type { Entry } from './rows.ts';

type Find = (row: Entry['row'], candidate: string) => number | null;

/** `valueOf`, `cpuOf`: medians, null where nothing was measured. `kept`: the part of the throughput that is left. */
export type Findings = { readonly valueOf: Find; readonly cpuOf: Find; readonly kept: number | null };

export const listPlatformGoals = ({ valueOf, cpuOf, kept }: Findings): readonly Goal[] => {
  const of = (row: Entry['row'], [ours, theirs]: readonly [string, string], find = valueOf): number | null => {
    const [own, other] = [find(row, ours), find(row, theirs)];
    return own === null || other === null ? null : own / other;
  };
  return [
    { what: 'tasks that do nothing, against graphile-worker', atLeast: 1.5, value: of('throughput', ['ashlar', 'graphile']) },
    { what: 'the same, against pg-boss', atLeast: 2, value: of('throughput', ['ashlar', 'pg-boss']) },
    { what: 'with results kept, against pg-boss', atLeast: 1.3, value: of('throughput', ['ashlar-keeping', 'pg-boss']) },
    { what: 'enqueue to start, p50, against graphile-worker', atMost: 0.9, value: of('start', ['ashlar', 'graphile']) },
    { what: 'throughput left beside an open transaction', atLeast: 0.8, value: kept },
    { what: 'events that insert a row, against graphile-worker', atLeast: 1.3, value: of('event', ['ashlar', 'graphile']) },
    {
      what: 'a hit in memory, against BentoCache that serializes nothing',
      atMost: 0.5,
      value: of('hit', ['ashlar', 'bento-plain']),
    },
    {
      what: 'rate limit in memory, against rate-limiter-flexible',
      atLeast: 1,
      value: of('limit-memory', ['ashlar', 'flexible']),
    },
    { what: 'the same, in PostgreSQL', atLeast: 1, value: of('limit-postgres', ['ashlar', 'flexible']) },
    { what: 'sealed audit, against a hash chain of rows', atLeast: 3, value: of('audit', ['ashlar', 'row-chain']) },
    { what: 'an idle process', atMost: 2.5, unit: 'statements/s', value: valueOf('idle', 'ashlar') },
    {
      what: 'the HTTP chain, requests/s against Fastify with plugins',
      atLeast: 0.9,
      value: of('chain', ['ashlar', 'fastify']),
    },
    {
      what: '  the same, CPU for each request',
      atMost: 1.11,
      value: of('chain', ['ashlar', 'fastify'], cpuOf),
      information: true,
    },
  ];
};
