import { afterAll, beforeAll, beforeEach, expect } from 'vitest';

import { createOutbound, type Outbound } from '../outbound.ts';
import { certificate } from './certificate.ts';
import { openWorld, publicAddress, publicIpv6, type World } from './world.ts';

type Changes = Partial<Parameters<typeof createOutbound>[0]>;

/** A world for the tests of a file, as new for each: `api.test` and `other.test` are public. */
export const useWorld = (): { readonly get: () => World; readonly open: (changes?: Changes) => Outbound } => {
  const opened: World[] = [];
  const get = () => opened[0] ?? expect.fail('the world is opened before the first test');
  beforeAll(async () => {
    opened.push(await openWorld());
  });
  afterAll(() => get().close());
  beforeEach(() => {
    const world = get();
    world.forget();
    for (const name of ['api.test', 'other.test']) world.names.set(name, [[publicAddress, publicIpv6]]);
  });
  return {
    get,
    open: (changes = {}) => {
      const { dial, resolve } = get();
      return createOutbound({ dial, resolve, ca: [certificate], ownEndpoints: () => [], ...changes });
    },
  };
};

/** Code, kind and details of what was thrown. */
export const failureOf = (work: Promise<unknown>): Promise<Record<string, unknown>> =>
  work.then(
    () => expect.fail('it did not fail'),
    ({ code, kind, details }) => ({ code, kind, ...details }),
  );
