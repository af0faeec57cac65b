import { openAshlarEvents } from './ashlar-events.ts';
import { openGraphileEvents } from './graphile-events.ts';
import type { OpenEvents } from './events.ts';
import { printValue } from './print-value.ts';

const candidates: Readonly<Record<string, OpenEvents>> = { ashlar: openAshlarEvents, graphile: openGraphileEvents };

const batch = 1_000;

/** Events per second, all of them published before: from the first that a handler gets to the last row that is there. */
const measure = async (open: OpenEvents, url: string, count: number): Promise<number> => {
  const events = await open(url);
  for (let done = 0; done < count; done += batch) await events.publish(done, Math.min(batch, count - done));
  const { promise: over, resolve } = Promise.withResolvers<void>();
  let handled = 0;
  let startedAt = 0;
  await events.handle({
    onStart: () => {
      startedAt ||= performance.now();
    },
    onEnd: () => {
      handled += 1;
      if (handled === count) resolve();
    },
  });
  await over;
  const seconds = (performance.now() - startedAt) / 1000;
  const rows = await events.countRows();
  if (rows !== count) throw new Error(`${count} events were published, and there are ${rows} rows`);
  return count / seconds;
};

const [candidate = '', , url = '', amount = ''] = process.argv.slice(2);
const open = candidates[candidate];
if (open === undefined) throw new Error(`there are no events named ${candidate}`);
printValue(await measure(open, url, Number(amount)));
