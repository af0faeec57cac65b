import { inspect } from 'node:util';

import { maskedSecret } from './secret.ts';
import type { Settings } from './settings.ts';

type Tree = { [key: string]: unknown };

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `{'http.port': 1}` becomes `{http: {port: 1}}`. */
export const nest = (values: ReadonlyMap<string, unknown>): Tree => {
  const root: Tree = {};
  for (const [path, value] of values) {
    const keys = path.split('.');
    const last = keys.pop() ?? path;
    let section = root;
    for (const key of keys) {
      const below = section[key];
      const next: Tree = isTree(below) ? below : {};
      section[key] = next;
      section = next;
    }
    section[last] = value;
  }
  return root;
};

/** The value at a path; undefined if a part of the way is missing. */
export const valueAt = (tree: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((below, key) => (isTree(below) ? below[key] : undefined), tree);

/** Makes each section that holds a secret print itself masked; its fields stay what they are. */
export const hideSecrets = (config: object, settings: Settings): void => {
  for (const [section, keys] of groupSecrets(settings)) {
    const tree = section === '' ? config : valueAt(config, section);
    if (!isTree(tree) || Object.hasOwn(tree, 'toJSON')) continue;
    const masked = () => {
      const hidden = keys.filter((key) => tree[key] !== undefined && tree[key] !== null);
      return { ...tree, ...Object.fromEntries(hidden.map((key) => [key, maskedSecret])) };
    };
    Object.defineProperty(tree, 'toJSON', { value: masked });
    Object.defineProperty(tree, inspect.custom, { value: masked });
  }
};

/** The keys of the secrets in each section. */
const groupSecrets = ({ byPath }: Settings): Map<string, string[]> => {
  const groups = new Map<string, string[]>();
  for (const { path, secretMinLength } of byPath.values()) {
    if (secretMinLength === null) continue;
    const dot = path.lastIndexOf('.');
    const section = path.slice(0, Math.max(dot, 0));
    groups.set(section, [...(groups.get(section) ?? []), path.slice(dot + 1)]);
  }
  return groups;
};

export const deepFreeze = <C>(value: C): C => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const child of Object.values(value)) deepFreeze(child);
  return value;
};
