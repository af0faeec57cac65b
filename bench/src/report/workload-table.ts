import type { Measured } from '../measure.ts';
import type { Workload } from '../workloads.ts';
import { formatTable } from './table.ts';

const head = [
  'candidate',
  'requests/s',
  'CPU µs',
  'database µs',
  'generator µs',
  'cores',
  'p50 ms',
  'p99 ms',
  '× node:http',
  'CPU ×',
  'Ashlar ×',
];

/** `× node:http` is the candidate's requests per second against node:http, `Ashlar ×` are Ashlar's against the candidate. */
export const formatWorkload = (workload: Workload, measured: readonly Measured[]): string => {
  const ours = measured.filter((entry) => entry.workload === workload.id);
  const figuresOf = (name: string) => ours.find((entry) => entry.name === name)?.figures ?? null;
  const raw = figuresOf('node:http');
  const ashlar = figuresOf('Ashlar');
  const rows = ours.flatMap(({ name, figures }) =>
    figures === null
      ? []
      : [
          [
            name,
            `${Math.round(figures.requestsPerSecond)}`,
            figures.cpu.toFixed(1),
            figures.databaseCpu.toFixed(1),
            figures.generatorCpu.toFixed(1),
            figures.cores.toFixed(2),
            figures.p50Ms.toFixed(2),
            figures.p99Ms.toFixed(2),
            ratio(figures.requestsPerSecond, raw?.requestsPerSecond),
            ratio(figures.cpu, raw?.cpu),
            ashlar === null ? '-' : ratio(ashlar.requestsPerSecond, figures.requestsPerSecond),
          ],
        ],
  );
  const footnotes = ours.flatMap(({ name, trouble }) =>
    trouble === null ? [] : [`${trouble.what}, not counted: ${name}: ${trouble.why.split('\n')[0]}`],
  );
  return [workload.title, formatTable(head, rows), ...footnotes].join('\n');
};

const ratio = (value: number, against: number | undefined): string =>
  against === undefined ? '-' : (value / against).toFixed(2);
