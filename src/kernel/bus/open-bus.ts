import type { Database } from '../database/database.ts';
import { notifyBus } from '../database/bus.ts';
import type { Logger } from '../observability/logger.ts';
import type { Presence } from '../presence/presence.ts';
import type { Redis } from '../redis/redis.ts';
import type { Bus, BusDriver, Carrier } from './bus.ts';
import { createBus } from './create-bus.ts';

const channel = 'ashlar_bus';
const redisChannel = 'bus';

export type BusOptions = {
  readonly driver: BusDriver;
  readonly presence: Presence;
  readonly database: Pick<Database, 'lanes'>;
  /** Null: none is configured. */
  readonly redis: Redis | null;
  readonly log: Logger;
};

/** Everybody listens to whatever may carry, so that a process that has lost Redis still reaches those that have not. */
export const openBus = ({ driver, presence, database, redis, log }: BusOptions): Bus => {
  const notify: Carrier = {
    // `behindMs` is infinite in a one-off command, which does not know whether others live.
    get isUp() {
      return driver === 'postgres' || presence.processes > 1 || presence.behindMs === Infinity;
    },
    send: (packet) => notifyBus(database.lanes, { channel, packet }),
  };
  const publish = (to: Redis): Carrier => ({
    get isUp() {
      return to.isUp;
    },
    send: (packet) => to.publish(redisChannel, packet),
  });
  const usesRedis = redis !== null && (driver === 'auto' || driver === 'redis');
  const carriers = [...(usesRedis ? [publish(redis)] : []), ...(driver === 'memory' ? [] : [notify])];
  const bus = createBus({ origin: presence.processId, carriers, log });
  if (driver !== 'memory') presence.listen(channel, bus.receive);
  if (usesRedis) redis.subscribe(redisChannel, bus.receive);
  return bus;
};
