import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { stringify } from 'yaml';

export type Generated = { readonly path: string; readonly text: string };

/** The files under `root` that are absent or say something else; values by path, as JSON or as YAML. */
export const findStale = (root: string, values: Readonly<Record<string, unknown>>): readonly Generated[] =>
  Object.entries(values)
    .map(([path, value]) => ({ path, text: path.endsWith('.yaml') ? stringify(value) : toJson(value) }))
    .filter(({ path, text }) => !existsSync(join(root, path)) || readFileSync(join(root, path), 'utf8') !== text);

const toJson = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

export const write = (root: string, files: readonly Generated[]): readonly Generated[] => {
  for (const { path, text } of files) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return files;
};
