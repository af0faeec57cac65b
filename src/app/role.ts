import type { Lifecycle } from '#kernel/lifecycle.ts';
import type { App } from './app.ts';

/** A part of a running process, opened after the app is built and closed before it. */
export type OpenPart = (app: App, role: Role, lifecycle: Lifecycle) => Promise<void>;

export type Role = {
  /** The subcommand. */
  readonly name: string;
  readonly summary: string;
  /** The modules whose paths it serves. */
  readonly modules: 'all' | readonly string[];
  /** Runs tasks. */
  readonly hasWorker?: boolean;
  /** Takes `--queues`. */
  readonly hasQueues?: boolean;
  /** Loaded only by a process of this role, opened in this order. */
  readonly parts: readonly (() => Promise<OpenPart>)[];
};
