import type { TestProject } from 'vitest/node';

import { openTestServer, type TestServer } from '#test/postgres-server.ts';

declare module 'vitest' {
  // oxlint-disable-next-line typescript/consistent-type-definitions -- merging with vitest's interface needs one
  interface ProvidedContext {
    postgres: TestServer;
  }
}

/** Starts PostgreSQL for a whole test run, and leaves it when the run ends. */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const { server, close } = await openTestServer();
  project.provide('postgres', server);
  return close;
};
