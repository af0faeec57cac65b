import { resolve } from 'node:path';

import { isOpenToAll, readTextFile } from './files.ts';
import type { Environment } from './layers.ts';

/** What the references of one setting led to. */
export type References = {
  /** Variables that were asked for, and whether they are set. */
  readonly variables: Map<string, boolean>;
  /** Files that were read and that every user of the machine may read. */
  readonly openFiles: Set<string>;
  /** True once a part came from outside of the configuration file. */
  isFromOutside: boolean;
  readonly problems: string[];
};

type Sources = { readonly env: Environment; readonly root: string };

/** `$${` stays `${`. */
const reference = /\$\$\{|\$\{([^}]*)\}/g;

/**
 * Replaces `${env:NAME}`, `${env:NAME:-default}` and `${file:path}` in a text, or in every text of a list or record.
 * What a variable or file holds is taken as it is, never interpolated again. A relative path starts at the root.
 */
export const interpolate = (value: unknown, sources: Sources, found: References): unknown => {
  if (typeof value === 'string') {
    return value.replaceAll(reference, (whole, inner?: string) =>
      inner === undefined ? '${' : lookUp(inner, sources, found),
    );
  }
  if (Array.isArray(value)) return value.map((item) => interpolate(item, sources, found));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, sources, found)]));
};

const lookUp = (inner: string, { env, root }: Sources, found: References): string => {
  const variable = /^env:(?<name>[A-Za-z_]\w*)(?<isOptional>:-(?<fallback>.*))?$/s.exec(inner)?.groups;
  if (variable) return readVariable(variable, env, found);
  if (inner.startsWith('file:')) return readFileReference(resolve(root, inner.slice('file:'.length)), found);
  found.problems.push(
    'holds a ${…} that is neither ${env:NAME}, ${env:NAME:-default} nor ${file:/path} ($${ is a plain ${)',
  );
  return '';
};

/** A variable that is set but empty counts as not set, as `:-` has it in a shell. */
const readVariable = (
  { name = '', isOptional, fallback = '' }: Record<string, string | undefined>,
  env: Environment,
  found: References,
): string => {
  const value = env[name];
  found.variables.set(name, Boolean(value));
  if (value) {
    found.isFromOutside = true;
    return value;
  }
  if (isOptional === undefined) found.problems.push(`the environment variable ${name} is not set`);
  return fallback;
};

const readFileReference = (path: string, found: References): string => {
  const { text, failure } = readTextFile(path);
  if (failure !== null) {
    found.problems.push(`cannot read the file ${path} (${failure})`);
    return '';
  }
  if (isOpenToAll(path)) found.openFiles.add(path);
  found.isFromOutside = true;
  return text.replace(/\r?\n$/, '');
};
