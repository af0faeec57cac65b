import { toAppError } from '#kernel/error.ts';
import type { HealthCheck, Module } from '#kernel/module.ts';

type Checks = Readonly<Record<string, HealthCheck>>;

export type HealthChecks = {
  /** Throws if the name is taken. */
  register(name: string, check: () => Promise<HealthCheck>): void;
  /** Every check of every module, by name. One that throws or hangs has failed, and spoils no other. */
  run(): Promise<Checks>;
};

const limitMs = 2_000;

export const createHealthChecks = (
  listModules: () => readonly Pick<Module<unknown>, 'name' | 'health'>[],
): HealthChecks => {
  const registered = new Map<string, () => Promise<HealthCheck>>();
  return {
    register: (name, check) => {
      if (registered.has(name)) throw new Error(`there is a health check ${name} already`);
      registered.set(name, check);
    },
    run: async () => {
      const ofModules = listModules().map(({ name, health = nothing }) => within(name, health));
      const others = Array.from(registered, ([name, check]) => within(name, async () => ({ [name]: await check() })));
      return Object.assign({}, ...(await Promise.all([...ofModules, ...others])));
    },
  };
};

const nothing = (): Promise<Checks> => Promise.resolve({});

const within = async (name: string, ask: () => Promise<Checks>): Promise<Checks> => {
  const { promise: late, resolve } = Promise.withResolvers<Checks>();
  const silent = { status: 'failed', detail: `no answer within ${limitMs} ms` } as const;
  const timer = setTimeout(resolve, limitMs, { [name]: silent });
  try {
    return await Promise.race([ask(), late]);
  } catch (thrown) {
    return { [name]: { status: 'failed', detail: toAppError(thrown).code } };
  } finally {
    clearTimeout(timer);
  }
};
