import postgres from 'postgres';

import { openAshlar, openAshlarKeeping } from './ashlar-queue.ts';
import { openGraphile } from './graphile-queue.ts';
import { openPgBoss } from './pg-boss-queue.ts';
import { printValue } from './print-value.ts';
import type { OpenQueue, Queue } from './queue.ts';

// One candidate, one measurement, one line of JSON.
const queues: Readonly<Record<string, OpenQueue>> = {
  ashlar: openAshlar,
  'ashlar-keeping': openAshlarKeeping,
  graphile: openGraphile,
  'pg-boss': openPgBoss,
};

const batch = 5_000;

const waitUntil = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
};

/** Tasks per second, from the first that runs to the last, with all of them enqueued before. */
const measureThroughput = async (queue: Queue, count: number): Promise<number> => {
  for (let done = 0; done < count; done += batch) await queue.enqueueMany(Math.min(batch, count - done));
  let runs = 0;
  let first = 0;
  let last = 0;
  await queue.work(() => {
    runs += 1;
    if (runs === 1) first = performance.now();
    if (runs === count) last = performance.now();
  });
  await waitUntil(() => runs >= count);
  return (count / (last - first)) * 1000;
};

/** Median milliseconds from the call that enqueues to the start of the task, one after the other. */
const measureStart = async (queue: Queue, count: number): Promise<number> => {
  let started = Promise.withResolvers<number>();
  await queue.work(() => started.resolve(performance.now()));
  const times: number[] = [];
  for (let n = 0; n < count + 50; n += 1) {
    started = Promise.withResolvers();
    const at = performance.now();
    await queue.enqueue();
    times.push((await started.promise) - at);
  }
  const counted = times.slice(50).toSorted((a, b) => a - b);
  return counted[Math.floor(counted.length / 2)] ?? NaN;
};

const windowMs = 5_000;

/** What is left of the throughput when a transaction has been open for so many seconds; tasks are enqueued all along. */
const measureHeld = async (queue: Queue, { seconds, url }: { seconds: number; url: string }): Promise<number> => {
  let runs = 0;
  let enqueued = 0;
  let isOver = false;
  await queue.work(() => {
    runs += 1;
  });
  const feeding = (async () => {
    while (!isOver) {
      if (enqueued - runs > 4 * batch) await new Promise((resolve) => setTimeout(resolve, 5));
      else {
        await queue.enqueueMany(batch);
        enqueued += batch;
      }
    }
  })();
  const measure = async (): Promise<number> => {
    const [before, at] = [runs, performance.now()];
    await waitUntil(() => performance.now() - at > windowMs);
    return (runs - before) / (performance.now() - at);
  };
  await measure();
  const free = await measure();
  const holder = postgres(url, { max: 1 });
  const held = await holder.begin('isolation level repeatable read', async (sql) => {
    await sql`select pg_current_xact_id()`;
    const since = performance.now();
    await waitUntil(() => performance.now() - since > seconds * 1000 - windowMs);
    return measure();
  });
  isOver = true;
  await feeding;
  await holder.end();
  return held / free;
};

const [candidate = '', what = '', url = '', amount = ''] = process.argv.slice(2);
const open = queues[candidate];
if (open === undefined) throw new Error(`there is no queue named ${candidate}`);
const queue = await open(url);
const measures: Readonly<Record<string, () => Promise<number>>> = {
  throughput: () => measureThroughput(queue, Number(amount)),
  start: () => measureStart(queue, Number(amount)),
  held: () => measureHeld(queue, { seconds: Number(amount), url }),
};
const value = await measures[what]?.();
if (value === undefined) throw new Error(`there is no measurement named ${what}`);
// A held measurement leaves a backlog: what is not run is dropped with the database.
if (what !== 'held') await queue.close();
printValue(value);
