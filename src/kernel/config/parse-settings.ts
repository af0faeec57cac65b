import type { z } from 'zod';

import { nest } from './config-tree.ts';
import type { Value } from './resolve-entries.ts';

type Refusal = { readonly path: string; readonly message: string };

type Parsed<S extends z.ZodObject> = {
  /** With defaults in place of what was refused; null if even so the schema is not met. */
  readonly output: z.output<S> | null;
  readonly problems: readonly Refusal[];
};

/** Refused settings are dropped and the rest is parsed again, so that rules over several settings still get to run. */
export const parseSettings = <S extends z.ZodObject>(schema: S, values: ReadonlyMap<string, Value>): Parsed<S> => {
  const left = new Map(values.entries().map(([path, { value }]) => [path, value]));
  const problems: Refusal[] = [];
  for (;;) {
    // Compiling the schema costs 7 ms at start, and the single parse 2 ms without.
    const result = schema.safeParse(nest(left), { jitless: true });
    if (result.success) return { output: result.data, problems };
    let dropped = false;
    for (const issue of result.error.issues) {
      const path = pathOf(issue.path, values);
      problems.push({ path, message: messageOf(issue, path) });
      dropped = left.delete(path) || dropped;
    }
    if (!dropped) return { output: null, problems };
  }
};

/** The setting to which an issue belongs: it may lie inside a list or a record. */
const pathOf = (keys: readonly PropertyKey[], values: ReadonlyMap<string, Value>): string => {
  for (let length = keys.length; length > 0; length -= 1) {
    const path = keys.slice(0, length).join('.');
    if (values.has(path)) return path;
  }
  return keys.join('.');
};

const messageOf = (issue: z.core.$ZodIssue, path: string): string => {
  const inside = issue.path.join('.').slice(path.length + 1);
  return inside === '' ? issue.message : `item ${inside}: ${issue.message}`;
};
