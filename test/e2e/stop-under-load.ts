import { expect } from 'vitest';

import { getMe, type Running } from './program.ts';

type Load = { readonly clients: number; readonly requests: number };

/** SIGTERM once so many requests are answered, with as many in flight as there are clients. Fails unless all are answered. */
export const stopUnderLoad = async (server: Running, accessToken: string, load: Load): Promise<void> => {
  const outcomes: string[] = [];
  const client = async () => {
    for (;;) {
      const outcome = await ask(server, accessToken);
      outcomes.push(outcome);
      if (outcome !== '200') return;
      if (outcomes.length === load.requests) server.kill('SIGTERM');
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));

  expect(await server.exited).toEqual({ code: 0, signal: null });
  expect(new Set(outcomes)).toEqual(new Set(['200', 'ECONNREFUSED']));
  expect(outcomes.length).toBeGreaterThanOrEqual(load.requests);
};

/** The status, or why there was none: a connection that is refused was never accepted, one that breaks off was. */
const ask = async (server: Running, accessToken: string): Promise<string> => {
  try {
    const response = await getMe(server.url, accessToken);
    await response.text();
    return String(response.status);
  } catch (thrown) {
    const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
    return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  }
};
