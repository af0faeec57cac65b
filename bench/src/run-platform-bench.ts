import { median } from './median.ts';
import { measureChain } from './platform/measure-chain.ts';
import { measureIdle } from './platform/measure-idle.ts';
import { measureInProcess } from './platform/measure-in-process.ts';
import { type Findings, listPlatformGoals } from './platform/platform-goals.ts';
import type { PlatformOptions } from './platform/platform-options.ts';
import { type Entry, entries, figures, keyOf } from './platform/rows.ts';
import { type Place, type PlatformSetting, preparePlatform, type Reading } from './platform/setting.ts';
import { formatGoals } from './report/goals.ts';
import { formatTable } from './report/table.ts';

export type PlatformContext = Place & { readonly options: PlatformOptions };

/**
 * One run: the candidates take turns on one server, each time in a new process with a new database. False if one of them
 * did not do its work; the others are measured all the same.
 */
export const runPlatformBench = async ({ options, ...place }: PlatformContext): Promise<boolean> => {
  const setting = await preparePlatform(place);
  const wanted = entries.filter(({ row }) => options.only.includes(row));
  const measured = new Map<string, Reading[]>(wanted.map((entry) => [keyOf(entry), []]));
  const broken = new Map<string, string>();
  for (let round = 0; round < options.rounds; round += 1) {
    // Another order each round: who comes first finds the machine as the one before left it.
    const turn = round % Math.max(1, wanted.length);
    for (const entry of [...wanted.slice(turn), ...wanted.slice(0, turn)]) {
      const key = keyOf(entry);
      if (broken.has(key)) continue;
      const reading = await unlessBroken(broken, key, () => measureOne(setting, entry, options.amounts[entry.row]));
      if (reading === null) measured.delete(key);
      else measured.get(key)?.push(reading);
      say(`round ${round + 1}/${options.rounds}  ${key}: ${reading === null ? 'BROKEN' : describe(entry, reading)}`);
    }
  }
  const kept = options.only.includes('held')
    ? await unlessBroken(broken, 'held ashlar', () => measureKept(setting, options))
    : null;
  const findings = summarise(measured, kept);
  process.stdout.write(`${formatEntries(wanted, findings)}\n\n${formatGoals(listPlatformGoals(findings))}\n`);
  for (const [key, why] of broken) process.stdout.write(`\nBROKEN: ${key}: ${why}\n`);
  return broken.size === 0;
};

const unlessBroken = async <T>(broken: Map<string, string>, key: string, measure: () => Promise<T>): Promise<T | null> => {
  try {
    return await measure();
  } catch (error) {
    broken.set(key, String(error));
    return null;
  }
};

const say = (text: string): void => void process.stderr.write(`${text}\n`);

const measureOne = (setting: PlatformSetting, { row, candidate }: Entry, amount: number): Promise<Reading> => {
  if (row === 'idle') return measureIdle(setting, amount);
  if (row === 'chain') return measureChain(setting, candidate, amount);
  return measureInProcess(setting, { what: row, candidate, amount });
};

const measureKept = async (setting: PlatformSetting, { amounts }: PlatformOptions): Promise<number> => {
  say(`${amounts.held} s beside an open transaction`);
  const { value } = await measureInProcess(setting, { what: 'held', candidate: 'ashlar', amount: amounts.held });
  return value;
};

const summarise = (measured: ReadonlyMap<string, readonly Reading[]>, kept: number | null): Findings => {
  const find =
    (figure: (reading: Reading) => number | undefined): Findings['valueOf'] =>
    (row, candidate) => {
      const readings = measured.get(keyOf({ row, candidate })) ?? [];
      const found = readings.map(figure).filter((value) => value !== undefined);
      return found.length === 0 ? null : median(found);
    };
  return { valueOf: find(({ value }) => value), cpuOf: find(({ cpu }) => cpu), kept };
};

const describe = ({ row }: Entry, { value, cpu }: Reading): string => {
  const { unit, digits } = figures[row];
  return `${value.toFixed(digits)} ${unit}${cpu === undefined ? '' : `, ${cpu.toFixed(1)} µs of CPU for each`}`;
};

const formatEntries = (wanted: readonly Entry[], { valueOf, cpuOf }: Findings): string =>
  formatTable(
    ['', 'candidate', 'figure', 'unit', 'CPU µs'],
    wanted.map(({ row, candidate, name }) => {
      const { label, unit, digits } = figures[row];
      const cpu = cpuOf(row, candidate);
      return [label, name, valueOf(row, candidate)?.toFixed(digits) ?? '-', unit, cpu === null ? '' : cpu.toFixed(1)];
    }),
  );
