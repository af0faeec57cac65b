import type { RedisClientType } from '@redis/client';

import { toAppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import { createBreaker } from './breaker.ts';
import type { Redis, RedisCall, RedisCommands, RedisScript } from './redis.ts';

const reconnectMs = 250;
const connectTimeoutMs = 1_500;
const startMs = 1_000;
/** A peer that vanished without a word is found by this. */
const pingMs = 10_000;

export type RedisOptions = {
  readonly url: string;
  /** Of the installation; ends in a colon. */
  readonly prefix: string;
  readonly log: Logger;
};

type Connect = () => RedisClientType;

/** Waits a second for the first connection: a process starts without Redis as it runs without it. */
export const openRedis = async ({ url, prefix, log }: RedisOptions): Promise<Redis> => {
  const { createClient } = await import('@redis/client');
  const connect: Connect = () => {
    const client: RedisClientType = createClient({
      url,
      keyPrefix: prefix,
      disableOfflineQueue: true,
      pingInterval: pingMs,
      socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: () => reconnectMs },
    });
    // Without a listener an error would end the process; the breaker says it once, this one each time.
    client.on('error', (err: unknown) => log.debug({ err }, 'a connection to Redis failed'));
    client.connect().catch((err: unknown) => log.debug({ err }, 'a connection to Redis was given up'));
    return client;
  };
  const breaker = createBreaker({
    now: () => performance.now(),
    onChange: (isUp, reason) => {
      if (isUp) log.info('Redis answers again');
      else log.warn({ err: toAppError(reason) }, 'Redis is lost: this process goes on without it');
    },
  });
  const commands = connect();
  await isReady(commands);
  const run = <T>(fn: (client: RedisClientType) => Promise<T>): Promise<T> => breaker.run(() => fn(commands));
  const subscriptions = createSubscriptions({ connect, prefix, log });
  return {
    get isUp() {
      return breaker.isClosed && commands.isReady;
    },
    run,
    script: (script, call) => run((client) => evaluate(client, script, call)),
    publish: (channel, message) => run((client) => client.publish(prefix + channel, message)),
    subscribe: subscriptions.add,
    close: async () => {
      await Promise.all([end(commands), subscriptions.close()]);
    },
  };
};

const isReady = async (client: RedisClientType): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>();
  client.once('ready', resolve);
  const timer = setTimeout(resolve, startMs);
  await promise;
  clearTimeout(timer);
};

const evaluate = async (
  client: RedisCommands,
  { text, sha }: RedisScript,
  { keys, args }: RedisCall,
): Promise<unknown> => {
  const call = { keys: [...keys], arguments: [...args] };
  try {
    return await client.evalSha(sha, call);
  } catch (thrown) {
    if (thrown instanceof Error && thrown.message.startsWith('NOSCRIPT')) return client.eval(text, call);
    throw thrown;
  }
};

type Subscriptions = { readonly add: Redis['subscribe']; close(): Promise<void> };
type SubscriptionOptions = Pick<RedisOptions, 'prefix' | 'log'> & { readonly connect: Connect };

/** They have a connection of their own, made for the first; node-redis subscribes again after each loss. */
const createSubscriptions = ({ connect, prefix, log }: SubscriptionOptions): Subscriptions => {
  let client: RedisClientType | null = null;
  const fail = (err: unknown) => log.debug({ err }, 'Redis refused a subscription');
  return {
    add: (channel, fn) => {
      client ??= connect();
      const to = client;
      const begin = () => void to.subscribe(prefix + channel, fn).catch(fail);
      if (to.isReady) begin();
      else to.once('ready', begin);
      return () => {
        to.off('ready', begin);
        if (to.isReady) to.unsubscribe(prefix + channel, fn).catch(fail);
      };
    },
    close: async () => {
      if (client !== null) await end(client);
    },
  };
};

/** What was sent is answered, unless Redis is away. */
const end = async (client: RedisClientType): Promise<void> => {
  if (!client.isReady) return client.destroy();
  await client.close();
};
