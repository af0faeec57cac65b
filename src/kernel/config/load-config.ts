import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { z } from 'zod';

import { type Check, createCheck } from './check.ts';
import { deepFreeze, hideSecrets } from './config-tree.ts';
import { readFileLayer } from './file-layer.ts';
import type { Entry, Environment } from './layers.ts';
import { configInvalid, type Problem } from './problem.ts';
import { parseSettings } from './parse-settings.ts';
import { resolveEntries } from './resolve-entries.ts';
import { listSettings, type Settings } from './settings.ts';
import { type FlagValue, readFlagLayer, readVariableLayer } from './variable-layer.ts';

type LoadOptions<S extends z.ZodObject, C extends object> = {
  readonly schema: S;
  /** Judges settings together and completes them. Runs even if some setting was refused, so that all problems show. */
  readonly complete: (settings: z.output<S>, check: Check) => C;
  /** Names the file: `config/<appEnv>.yaml`. */
  readonly appEnv: string;
  /** Absolute; where the files are. */
  readonly directory: string;
  /** Absolute; relative paths in the configuration start here. */
  readonly root: string;
  readonly env: Environment;
  readonly flags: readonly FlagValue[];
};

export type LoadedConfig<C> = {
  readonly config: C;
  /** What the layers say together, before it was completed. */
  readonly written: object;
  readonly settings: Settings;
  /** Where each setting's value comes from; what is absent here is the default. */
  readonly origins: ReadonlyMap<string, string>;
};

/**
 * Loads the configuration: defaults < `config/<appEnv>.yaml` < `ASHLAR_SECTION__KEY` < flags.
 * Reads the given files and environment only. The answer is frozen, and printing it (`JSON.stringify`, a logger,
 * `util.inspect`) shows `[secret]` for secrets. Throws CONFIG_INVALID with every problem at once.
 */
export const loadConfig = <S extends z.ZodObject, C extends object>(options: LoadOptions<S, C>): LoadedConfig<C> => {
  const { schema, complete, appEnv, root, env } = options;
  const settings = listSettings(schema);
  const { entries, problems } = readLayers(options, settings);

  const isGuarded = !isRelaxed(appEnv);
  const resolved = resolveEntries(entries, { env, root, isGuarded });
  const parsed = parseSettings(schema, resolved.values);
  problems.push(...resolved.problems);
  problems.push(...parsed.problems.map((problem) => ({ ...problem, origin: resolved.originOf(problem.path) })));

  const origins = new Map(resolved.values.entries().map(([path, { origin }]) => [path, origin]));
  const check = createCheck({ appEnv, isGuarded, root, settings, resolved, origins });
  const written = parsed.output;
  const config = written && complete(written, check);
  const refused = new Set(problems.map(({ path }) => path));
  problems.push(...check.problems.filter(({ path }) => !refused.has(path)));
  if (!written || !config || problems.length > 0) throw configInvalid(appEnv, inOrder(problems, settings));

  for (const tree of [config, written]) hideSecrets(tree, settings);
  return { config: deepFreeze(config), written: deepFreeze(written), settings, origins };
};

type Sources = Omit<LoadOptions<z.ZodObject, never>, 'schema' | 'complete'>;

/** What all layers say, the strongest last. Throws at once if the file cannot be read: nothing else is known then. */
const readLayers = (sources: Sources, settings: Settings): { entries: Entry[]; problems: Problem[] } => {
  const { appEnv, directory, root, env, flags } = sources;
  const file = readFileLayer(findFile(appEnv, directory, root), root, settings);
  const layers = [file, readVariableLayer(env, settings), readFlagLayer(flags, settings)];
  const problems = layers.flatMap((layer) => layer.problems);
  if (!file.isReadable) throw configInvalid(appEnv, problems);
  return { entries: layers.flatMap((layer) => layer.entries), problems };
};

/** Every environment is guarded unless its name says that nothing is at stake: a new `eu-prod` must not be lax. */
const isRelaxed = (appEnv: string): boolean => appEnv === 'local' || appEnv === 'test';

const findFile = (appEnv: string, directory: string, root: string): string => {
  const known = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.yaml')) : [];
  if (known.includes(`${appEnv}.yaml`)) return join(directory, `${appEnv}.yaml`);
  const names = known.map((name) => name.slice(0, -'.yaml'.length)).toSorted();
  const choice = names.length > 0 ? `APP_ENV is one of ${names.join(', ')}` : 'it holds no such file at all';
  const message = `there is no ${appEnv}.yaml in ${relative(root, directory) || directory}: ${choice}`;
  throw configInvalid(appEnv, [{ path: '', origin: null, message }]);
};

const inOrder = (problems: readonly Problem[], settings: Settings): Problem[] => {
  const places = new Map(settings.byPath.keys().map((path, place) => [path, place]));
  return problems.toSorted((a, b) => (places.get(a.path) ?? -1) - (places.get(b.path) ?? -1));
};
