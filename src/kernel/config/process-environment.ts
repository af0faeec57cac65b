import type { Environment } from './layers.ts';

/** The one place that reads the process's environment; a copy, so that nothing can change it behind a reader. */
export const processEnvironment = (): Environment => ({ ...process.env });
