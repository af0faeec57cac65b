import type { App } from './app.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';

/** A part of a running process, opened after the app is built and closed before it. */
export type OpenPart = (app: App, role: Role, lifecycle: Lifecycle) => Promise<void>;

export type Role = {
  /** The subcommand. */
  readonly name: string;
  readonly summary: string;
  /** The modules whose paths it serves. */
  readonly modules: 'all' | readonly string[];
  /** Loaded only by a process of this role, opened in this order. */
  readonly parts: readonly (() => Promise<OpenPart>)[];
};

const http = async (): Promise<OpenPart> => (await import('./parts/http.ts')).openHttpPart;

/** Which process runs what. */
export const roles: readonly Role[] = [
  { name: 'run-all-in-one', summary: 'Run everything in one process', modules: 'all', parts: [http] },
  { name: 'run-auth-http', summary: 'Serve the paths of auth', modules: ['auth'], parts: [http] },
  { name: 'run-platform-http', summary: 'Serve the paths of platform', modules: ['platform'], parts: [http] },
];
