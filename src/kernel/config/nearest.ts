import { closest, distance } from 'fastest-levenshtein';

import { joinPath, type Settings } from './settings.ts';

/** More edits than these are another word, not a slip of the fingers. */
const slip = 2;

/** The path that was probably meant by an unknown key: a neighbour, or the same key in another section. */
export const nearestPath = (settings: Settings, section: string, key: string): string => {
  const paths = [...settings.byPath.keys(), ...settings.sections].filter((path) => path !== '');
  const neighbours = paths.filter((path) => joinPath(section, lastKey(path)) === path);
  if (neighbours.length === 0) return closest(joinPath(section, key), paths);
  const neighbour = closest(joinPath(section, key), neighbours);
  if (distance(lastKey(neighbour), key) <= slip) return neighbour;
  return paths.find((path) => lastKey(path) === lastKey(key)) ?? neighbour;
};

export const nearestVariable = (settings: Settings, variable: string): string =>
  closest(variable, [...settings.byVariable.keys()]);

const lastKey = (path: string): string => path.slice(path.lastIndexOf('.') + 1);
