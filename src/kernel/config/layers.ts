import type { Problem } from './problem.ts';
import type { Setting } from './settings.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** A value as one layer wrote it, before interpolation. */
export type Entry = {
  readonly setting: Setting;
  readonly value: unknown;
  /** `config/local.yaml:12`, `ASHLAR_HTTP__PORT` or `--port`. */
  readonly origin: string;
  readonly layer: 'file' | 'variable' | 'flag';
};

/** What one layer says. */
export type Layer = { readonly entries: readonly Entry[]; readonly problems: readonly Problem[] };
