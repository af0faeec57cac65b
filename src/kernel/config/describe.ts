import { valueAt } from './config-tree.ts';
import type { LoadedConfig } from './load-config.ts';
import { maskedSecret } from './secret.ts';

export type ConfigRow = {
  /** `http.port` */
  readonly path: string;
  /** Plain data; null if the setting has no value; `[secret]` for a secret. */
  readonly value: unknown;
  /**
   * `default`, `config/local.yaml:12`, `ASHLAR_HTTP__PORT`, `DATABASE_URL (config/production.yaml:8)`, `--port`,
   * or `from database.host, …` for what is made of other settings.
   */
  readonly origin: string;
};

/** Every setting in force, in the schema's order, secrets masked. What went into another one is shown as written. */
export const describeConfig = ({ config, written, settings, origins }: LoadedConfig<object>): ConfigRow[] =>
  settings.byPath
    .values()
    .map(({ path, secretMinLength }) => {
      const value = valueAt(config, path) ?? valueAt(written, path) ?? null;
      const isHidden = secretMinLength !== null && value !== null;
      return { path, value: isHidden ? maskedSecret : value, origin: origins.get(path) ?? 'default' };
    })
    .toArray();
