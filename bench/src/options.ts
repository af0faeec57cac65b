import { parseArgs } from 'node:util';

export type Options = {
  readonly rounds: number;
  /** Counted seconds of each load. */
  readonly seconds: number;
  /** Load that is not counted: of each candidate before the first round, and before each of its turns. */
  readonly firstWarmupSeconds: number;
  readonly warmupSeconds: number;
  readonly decaySeconds: number;
  readonly connections: number;
  /** Ids of candidates; null takes all. */
  readonly only: readonly string[] | null;
  /** Ids of workloads; null takes all. */
  readonly workloads: readonly string[] | null;
  /** Also shows how a stock pool of ten decays, as proof that the decay row would notice. */
  readonly control: boolean;
  /** Also measures Ashlar with less switched on. */
  readonly variants: boolean;
  readonly starts: number;
};

export const usage = `npm --prefix bench run http -- [options]

  --rounds <n>        interleaved rounds, of which the median counts (5)
  --seconds <n>       counted seconds of each load (5)
  --decay <n>         seconds of the decay row, 0 leaves it out (60)
  --connections <n>   connections, each with one request in flight (64)
  --only <ids>        candidates, with commas: node-http, hono, fastify, nest-express, nest-fastify, gin, gin-one-core, ashlar
  --workloads <ids>   hello, post, row
  --control           also measure how a stock pool of ten connections decays
  --variants          also measure Ashlar without traces, and without its second statement
  --quick             a smoke test of about a minute: the figures mean nothing
`;

export const parseOptions = (args: readonly string[]): Options | null => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      decay: { type: 'string' },
      connections: { type: 'string' },
      only: { type: 'string' },
      workloads: { type: 'string' },
      control: { type: 'boolean', default: false },
      variants: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const quick = values.quick;
  return {
    rounds: toNumber('rounds', values.rounds, quick ? 1 : 5),
    seconds: toNumber('seconds', values.seconds, quick ? 0.5 : 5),
    firstWarmupSeconds: quick ? 0.2 : 3,
    warmupSeconds: quick ? 0.2 : 0.7,
    decaySeconds: toNumber('decay', values.decay, quick ? 3 : 60),
    connections: toNumber('connections', values.connections, 64),
    only: values.only?.split(',') ?? null,
    workloads: values.workloads?.split(',') ?? null,
    control: values.control,
    variants: values.variants,
    starts: quick ? 1 : 5,
  };
};

const toNumber = (name: string, text: string | undefined, standard: number): number => {
  if (text === undefined) return standard;
  const value = Number(text);
  if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} takes a number, not ${text}`);
  return value;
};
