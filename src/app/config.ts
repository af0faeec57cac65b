import { join } from 'node:path';
import { z } from 'zod';

import type { Check } from '#kernel/config/check.ts';
import { completeKernel, type KernelConfig } from '#kernel/config/kernel-config.ts';
import type { Environment } from '#kernel/config/layers.ts';
import { loadConfig, type LoadedConfig } from '#kernel/config/load-config.ts';
import { processEnvironment } from '#kernel/config/process-environment.ts';
import { kernelSections } from '#kernel/config/sections.ts';
import { type AuthConfig, authSection, completeAuth } from '#modules/auth/config.ts';

export type AppConfig = KernelConfig & { readonly auth: AuthConfig };

/** The kernel's sections and one for each module. */
export const configSchema = () => z.strictObject({ ...kernelSections(), auth: authSection() });

const complete = (settings: z.output<ReturnType<typeof configSchema>>, check: Check): AppConfig => {
  const { auth, ...kernelSettings } = settings;
  const kernel = completeKernel(kernelSettings, check);
  return { ...kernel, auth: completeAuth(auth, kernel.http.publicUrl) };
};

type AppConfigOptions = {
  /** Absolute; holds `config/`. */
  readonly root: string;
  readonly env?: Environment;
  /** Values by path, as typed on the command line: `{'http.port': '8081'}`. */
  readonly flags?: Readonly<Record<string, string>>;
};

/** Loads the configuration that APP_ENV names (default `local`). Throws CONFIG_INVALID with every problem at once. */
export const loadAppConfig = ({
  root,
  env = processEnvironment(),
  flags = {},
}: AppConfigOptions): LoadedConfig<AppConfig> =>
  loadConfig({
    schema: configSchema(),
    complete,
    appEnv: env['APP_ENV'] || 'local',
    directory: join(root, 'config'),
    root,
    env,
    flags: Object.entries(flags).map(([path, value]) => ({ flag: flagOf(path), path, value })),
  });

const shortFlags: ReadonlySet<string> = new Set(['http.host', 'http.port']);

const flagOf = (path: string): string => (shortFlags.has(path) ? `--${path.slice('http.'.length)}` : `--set ${path}`);
