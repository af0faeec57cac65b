import type { Problem } from './problem.ts';
import type { Resolved } from './resolve-entries.ts';
import type { Settings } from './settings.ts';

/** What a rule over several settings works with. */
export type Check = {
  readonly appEnv: string;
  /** True for every APP_ENV but `local` and `test`: literal secrets, http addresses and the like are refused. */
  readonly isGuarded: boolean;
  /** Absolute; relative paths start here. */
  readonly root: string;
  readonly problems: readonly Problem[];
  /** Says what is wrong with a setting and what to do. Ignored if its value was refused already. */
  refuse(path: string, message: string): void;
  /** The variable that an operator sets for this: the one that the file refers to, else `ASHLAR_SECTION__KEY`. */
  variableOf(path: string): string;
  /** The setting's value is made of these others. */
  derive(path: string, from: readonly string[]): void;
};

type CheckOptions = {
  readonly appEnv: string;
  readonly isGuarded: boolean;
  readonly root: string;
  readonly settings: Settings;
  readonly resolved: Resolved;
  readonly origins: Map<string, string>;
};

export const createCheck = ({ appEnv, isGuarded, root, settings, resolved, origins }: CheckOptions): Check => {
  const problems: Problem[] = [];
  return {
    appEnv,
    isGuarded,
    root,
    problems,
    refuse: (path, message) => {
      const origin = resolved.unset.get(path)?.origin ?? resolved.originOf(path);
      problems.push({ path, origin, message });
    },
    variableOf: (path) => resolved.unset.get(path)?.variable ?? settings.byPath.get(path)?.variable ?? path,
    derive: (path, from) => origins.set(path, `from ${from.join(', ')}`),
  };
};
