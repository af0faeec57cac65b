import { interpolate, type References } from './interpolate.ts';
import type { Entry, Environment } from './layers.ts';
import type { Problem } from './problem.ts';
import { readText } from './read-text.ts';

type Circumstances = { readonly env: Environment; readonly root: string; readonly isGuarded: boolean };

/** A value in force, with its origin. */
export type Value = { readonly value: unknown; readonly origin: string };

export type Resolved = {
  readonly values: ReadonlyMap<string, Value>;
  /** Settings that a file takes from variables of which none is set, with the first of these. */
  readonly unset: ReadonlyMap<string, { readonly variable: string; readonly origin: string }>;
  readonly problems: readonly Problem[];
  originOf(path: string): string | null;
};

/** The last layer wins, and only what won is interpolated: an overridden setting may refer to what does not exist. */
export const resolveEntries = (entries: readonly Entry[], circumstances: Circumstances): Resolved => {
  const winners = new Map(entries.map((entry) => [entry.setting.path, entry]));
  const values = new Map<string, Value>();
  const unset = new Map<string, { variable: string; origin: string }>();
  const problems: Problem[] = [];
  for (const [path, entry] of winners) {
    const found = newReferences(entry.layer !== 'file');
    const value = valueOf(entry, circumstances, found);
    const origin = originOf(entry.origin, found);
    const messages = [...found.problems, ...(circumstances.isGuarded ? guard(entry, value, found) : [])];
    problems.push(...messages.map((message) => ({ path, origin, message })));
    const [variable] = found.variables.keys();
    if (value !== undefined) values.set(path, { value, origin });
    else if (variable !== undefined) unset.set(path, { variable, origin: entry.origin });
  }
  return {
    values,
    unset,
    problems,
    originOf: (path) => values.get(path)?.origin ?? winners.get(path)?.origin ?? null,
  };
};

const newReferences = (isFromOutside: boolean): References => ({
  variables: new Map(),
  openFiles: new Set(),
  isFromOutside,
  problems: [],
});

/** Undefined if nothing is left to say: the references led to an empty text, or to a problem. */
const valueOf = (entry: Entry, { env, root }: Circumstances, found: References): unknown => {
  const value = entry.layer === 'file' ? interpolate(entry.value, { env, root }, found) : entry.value;
  if (found.problems.length > 0 || (value === '' && entry.value !== '')) return undefined;
  return typeof value === 'string' ? readText(value, entry.setting.reads) : value;
};

const originOf = (origin: string, { variables }: References): string => {
  const set = variables
    .keys()
    .filter((name) => variables.get(name))
    .toArray();
  return set.length === 0 ? origin : `${set.join(', ')} (${origin})`;
};

/** What a secret must be where something is at stake. */
const guard = (entry: Entry, value: unknown, found: References): string[] => {
  const { secretMinLength, variable } = entry.setting;
  if (secretMinLength === null || value === undefined) return [];
  const messages = found.openFiles
    .values()
    .map((file) => `every user may read ${file}: chmod o-r it`)
    .toArray();
  if (!found.isFromOutside || (entry.layer === 'file' && holdsPassword(entry.value))) {
    messages.push(`a secret must not stand in the file: take it from \${env:…} or \${file:…}, or set ${variable}`);
  }
  if (typeof value === 'string' && value.length < secretMinLength) {
    messages.push(`the secret is shorter than ${secretMinLength} characters`);
  }
  return messages;
};

/** A password written out in an address of which only other parts come from outside. */
const holdsPassword = (written: unknown): boolean =>
  typeof written === 'string' && /:\/\/[^:@/]*:[^@$]+@/.test(written);
