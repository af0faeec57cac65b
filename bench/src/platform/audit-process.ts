import { openAshlarTrail } from './ashlar-trail.ts';
import { openRowChain } from './row-chain.ts';
import { printValue } from './print-value.ts';
import type { OpenTrail } from './trail.ts';

const candidates: Readonly<Record<string, OpenTrail>> = { ashlar: openAshlarTrail, 'row-chain': openRowChain };

/** Changes per second by concurrent writers, each in a transaction of its own, until all of them are vouched for. */
const measure = async (open: OpenTrail, url: string, count: number): Promise<number> => {
  const writers = 16;
  const trail = await open(url, writers);
  const writeAll = async (from: number, to: number): Promise<void> => {
    let next = from;
    const write = async () => {
      while (next < to) await trail.write(next++);
    };
    await Promise.all(Array.from({ length: writers }, write));
  };
  const first = Math.min(500, count);
  await writeAll(0, first);
  const startedAt = performance.now();
  await writeAll(first, first + count);
  await trail.finish();
  const seconds = (performance.now() - startedAt) / 1000;
  const vouched = await trail.countVouched();
  if (vouched !== first + count) throw new Error(`${first + count} changes were written, ${vouched} are vouched for`);
  return count / seconds;
};

const [candidate = '', , url = '', amount = ''] = process.argv.slice(2);
const open = candidates[candidate];
if (open === undefined) throw new Error(`there is no audit trail named ${candidate}`);
printValue(await measure(open, url, Number(amount)));
