import type { RedisClientType } from '@redis/client';

/** Keys get the prefix of this installation by themselves, so that several may share a server. */
export type RedisCommands = Pick<
  RedisClientType,
  'get' | 'set' | 'del' | 'mGet' | 'pExpire' | 'eval' | 'evalSha' | 'multi' | 'ping'
>;

/**
 * Redis, where one is configured. It only saves time: whoever uses it must know what to do without it, since it may be
 * lost at any moment, with all that it held.
 */
export type Redis = {
  /** False while it is lost: then `run` fails at once. */
  readonly isUp: boolean;
  /**
   * Runs fn, which may send several commands. Throws REDIS_UNAVAILABLE after 250 ms without an answer, and at once for
   * a second after that: a server that is silent must not slow down every request.
   */
  run<T>(fn: (commands: RedisCommands) => Promise<T>): Promise<T>;
  /** A Lua script by its digest; sent in full only to a server that does not know it. */
  script(script: RedisScript, call: RedisCall): Promise<unknown>;
  /** Messages to a channel of this installation. None comes while it is lost. Answers how to stop. */
  subscribe(channel: string, fn: (message: string) => void): () => void;
  /** Answers to how many subscribers it went. Throws as `run` does. */
  publish(channel: string, message: string): Promise<number>;
  close(): Promise<void>;
};

export type RedisScript = { readonly text: string; readonly sha: string };
export type RedisCall = { readonly keys: readonly string[]; readonly args: readonly string[] };
