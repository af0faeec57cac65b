import { Gauge, type Metric, Registry } from 'prom-client';

import type { Metrics } from './metrics.ts';
import { startProcessMetrics } from './process-metrics.ts';
import { createSeries, type Labels } from './series.ts';

/** From a cached answer to the longest deadline; the thresholds of the alerts (1 s, 5 s) are bounds. */
export const durationBuckets: readonly number[] = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** The metrics of one process, in a registry of their own: several may live in one process, as tests need. */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const makers = createMakers(registry);
  const { counter, histogram } = makers;
  const http = histogram({
    name: 'ashlar_http_request_duration_seconds',
    help: 'Time from the request to the end of its answer.',
    labelNames: ['route', 'method', 'status'],
  });
  const queries = histogram({
    name: 'ashlar_db_query_duration_seconds',
    help: 'Time of one query, waiting for its connection included.',
    labelNames: ['query', 'outcome'],
  });
  const useCases = histogram({
    name: 'ashlar_usecase_duration_seconds',
    help: 'Time of one run of a use case.',
    labelNames: ['operation', 'outcome'],
  });
  const errors = counter({
    name: 'ashlar_errors_total',
    help: 'Internal errors, by the operation that failed.',
    labelNames: ['operation'],
  });
  let isStarted = false;
  return {
    ...makers,
    useCaseDuration: (operation, outcome, seconds) => useCases.observe({ operation, outcome }, seconds),
    httpDuration: (request, seconds) => http.observe(request, seconds),
    queryDuration: (query, outcome, seconds) => queries.observe({ query, outcome }, seconds),
    internalError: (operation) => errors.add({ operation }),
    contentType: registry.contentType,
    expose: () => {
      if (!isStarted) startProcessMetrics(registry, histogram);
      isStarted = true;
      return registry.metrics();
    },
  };
};

/**
 * prom-client validates and hashes the labels of every observation (0.42 µs); ours are typed and accumulate by
 * themselves (0.06 µs), and prom-client renders them when somebody looks.
 */
const createMakers = (registry: Registry): Pick<Metrics, 'counter' | 'histogram' | 'gauge'> => ({
  counter: (head) => {
    const series = createSeries(head.labelNames, () => ({ value: 0 }));
    // Without labels there is one value, shown from the start: `{}` then is the complete record.
    if (head.labelNames.length === 0) series.at({} as Labels<(typeof head.labelNames)[number]>);
    register(registry, { ...head, type: 'counter' }, () =>
      Array.from(series.all(), ([labels, { value }]) => ({ labels, value })),
    );
    return {
      add: (labels, amount = 1) => {
        series.at(labels).value += amount;
      },
    };
  },
  histogram: ({ buckets = durationBuckets, ...head }) => {
    const series = createSeries(head.labelNames, () => createBuckets(buckets.length));
    register(registry, { ...head, type: 'histogram' }, () =>
      Array.from(series.all()).flatMap(([labels, slot]) => valuesOf({ ...head, labels, bounds: buckets }, slot)),
    );
    return { observe: (labels, value) => count(series.at(labels), buckets, value) };
  },
  gauge: ({ read, ...head }) => {
    new Gauge({
      name: head.name,
      help: head.help,
      labelNames: [...head.labelNames],
      registers: [registry],
      collect() {
        this.reset();
        const now = read();
        if (typeof now === 'number') this.set(now);
        else for (const { labels, value } of now) this.set(labels, value);
      },
    });
  },
});

type Value = { readonly metricName?: string; readonly labels: object; readonly value: number };

/** Gives prom-client's registry what it asks of a metric: the `get` of its own classes. */
const register = (
  registry: Registry,
  { name, help, type }: { readonly name: string; readonly help: string; readonly type: 'counter' | 'histogram' },
  read: () => readonly Value[],
): void => {
  const metric = { name, help, type, get: () => Promise.resolve({ name, help, type, values: read() }) };
  // The declared type lists only prom-client's classes; the registry itself calls no more than `get`.
  registry.registerMetric(metric as unknown as Metric);
};

type Buckets = { readonly counts: Float64Array; sum: number };

/** One more than there are bounds: the last counts what is above them all. */
const createBuckets = (bounds: number): Buckets => ({ counts: new Float64Array(bounds + 1), sum: 0 });

const count = (slot: Buckets, bounds: readonly number[], value: number): void => {
  let index = 0;
  while (index < bounds.length && value > (bounds[index] ?? Infinity)) index += 1;
  slot.counts[index] = (slot.counts[index] ?? 0) + 1;
  slot.sum += value;
};

type Series = { readonly name: string; readonly labels: object; readonly bounds: readonly number[] };

const valuesOf = ({ name, labels, bounds }: Series, { counts, sum }: Buckets): Value[] => {
  let total = 0;
  const values = Array.from(counts, (inBucket, index): Value => {
    total += inBucket;
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total };
  });
  return [
    ...values,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: total },
  ];
};
