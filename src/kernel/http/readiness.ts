import { toAppError } from '../error.ts';
import type { HealthCheck } from '../module.ts';
import type { Logger } from '../observability/logger.ts';

export type Health = {
  /** `degraded` still serves. */
  readonly status: HealthCheck['status'];
  readonly checks: Readonly<Record<string, HealthCheck>>;
};

/** What the process needs in order to serve. May hang: it is not waited for longer than 800 ms. */
export type HealthSource = { ready(): Promise<Health> };

export type Readiness = {
  check(): Promise<Health>;
  /** From now on not ready. */
  stop(): void;
};

const cachedMs = 250;
/** `/ready` has to answer within a second of a loss. */
const limitMs = 800;

const stopping: Health = { status: 'failed', checks: { process: { status: 'failed', detail: 'stopping' } } };
const silent: Health = {
  status: 'failed',
  checks: { health: { status: 'failed', detail: `no answer within ${limitMs} ms` } },
};

/** Asks at most four times a second and never twice at once, however many ask us; a change of status is logged. */
export const createReadiness = ({
  health,
  log,
}: {
  readonly health: HealthSource;
  readonly log: Logger;
}): Readiness => {
  let isStopping = false;
  let asking: Promise<Health> | null = null;
  let last: Health | null = null;
  let lastAt = -Infinity;

  const ask = async (): Promise<Health> => {
    const answer = await askOnce(health);
    if (last !== null && last.status !== answer.status) log.warn({ from: last.status, ...answer }, 'readiness changed');
    last = answer;
    lastAt = performance.now();
    asking = null;
    return answer;
  };

  return {
    check: async () => {
      if (isStopping) return stopping;
      if (last !== null && performance.now() - lastAt < cachedMs) return last;
      asking ??= ask();
      const answer = await asking;
      return isStopping ? stopping : answer;
    },
    stop: () => {
      isStopping = true;
    },
  };
};

const askOnce = async (health: HealthSource): Promise<Health> => {
  const { promise: late, resolve } = Promise.withResolvers<Health>();
  const timer = setTimeout(resolve, limitMs, silent);
  try {
    return await Promise.race([health.ready(), late]);
  } catch (thrown) {
    return { status: 'failed', checks: { health: { status: 'failed', detail: toAppError(thrown).code } } };
  } finally {
    clearTimeout(timer);
  }
};
