import { findUnsealed, type Unsealed } from '../database/audit-seals.ts';
import type { Database } from '../database/database.ts';
import { toAppError } from '../error.ts';
import type { Logger } from '../observability/logger.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type Anchor, toHead } from './anchor.ts';
import { sealBatch } from './seal-batch.ts';

/** How long events wait for others, so that one signature serves many. */
const pauseMs = 500;
/** While an open transaction somewhere holds everything up. */
const longestPauseMs = 5_000;
/** For what other processes left behind: commands, and those that were killed. */
const lookMs = 10_000;

export type SealerOptions = {
  readonly database: Pick<Database, 'transaction' | 'lanes'>;
  readonly secrets: Pick<Secrets, 'open' | 'seal'>;
  readonly anchor: Anchor;
  readonly log: Logger;
};

/**
 * Each process seals soon after it has written, unless another one is at it. So there is no process that must not be
 * missing, nobody tells anybody anything, and a process that writes nothing asks one question in ten seconds.
 */
export class Sealer {
  readonly #options: SealerOptions;
  #timer: NodeJS.Timeout | null = null;
  #looks: NodeJS.Timeout | null = null;
  #running: Promise<void> | null = null;
  /** Something was written that this process has not seen sealed. */
  #isPending = false;
  #pauseMs = pauseMs;
  #isFailing = false;
  #isClosed = false;
  #unsealed: Unsealed = { count: 0, oldestSeconds: 0 };

  constructor(options: SealerOptions) {
    this.#options = options;
  }

  /** As it was last counted. */
  get unsealed(): Unsealed {
    return this.#unsealed;
  }

  /** Something was committed. */
  wake(): void {
    this.#isPending = true;
    this.#schedule(pauseMs);
  }

  /** Looks after what others left behind, for as long as the process serves. */
  start(): void {
    this.#looks ??= setInterval(() => void this.#look(), lookMs).unref();
  }

  /** Seals now whatever can be sealed; waits for another process that is at it, two seconds at most. */
  async sealNow(): Promise<void> {
    const deadline = performance.now() + 2_000;
    await this.#running;
    while ((await this.#sealAll()) === 'busy' && performance.now() < deadline) {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, 20);
      await promise;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#looks !== null) clearInterval(this.#looks);
    await this.#running;
    if (this.#isPending) await this.#attempt();
  }

  #schedule(ms: number): void {
    if (this.#timer !== null || this.#running !== null || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#running = this.#run();
    }, ms).unref();
  }

  async #run(): Promise<void> {
    await this.#attempt();
    this.#running = null;
    if (this.#isPending) this.#schedule(this.#pauseMs);
  }

  async #attempt(): Promise<void> {
    try {
      this.#isPending = false;
      const outcome = await this.#sealAll();
      await this.#count();
      const isDone = outcome !== 'busy' && this.#unsealed.count === 0;
      if (!isDone) this.#isPending = true;
      this.#pauseMs = outcome === 'nothing' && !isDone ? Math.min(this.#pauseMs * 2, longestPauseMs) : pauseMs;
      this.#found();
    } catch (thrown) {
      this.#isPending = true;
      this.#pauseMs = longestPauseMs;
      this.#lost(thrown);
    }
  }

  async #sealAll(): Promise<'busy' | 'sealed' | 'nothing'> {
    let isSealed = false;
    for (;;) {
      const batch = await sealBatch(this.#options);
      if (batch.outcome === 'busy') return 'busy';
      const last = batch.seals.at(-1);
      if (last !== undefined) this.#options.anchor.announce(toHead(last));
      isSealed ||= last !== undefined;
      if (!batch.isMore) return isSealed ? 'sealed' : 'nothing';
    }
  }

  async #look(): Promise<void> {
    try {
      await this.#count();
      if (this.#unsealed.count > 0) this.wake();
      this.#found();
    } catch (thrown) {
      this.#lost(thrown);
    }
  }

  async #count(): Promise<void> {
    const [unsealed] = await findUnsealed(this.#options.database.lanes);
    if (unsealed !== undefined) this.#unsealed = unsealed;
  }

  #lost(thrown: unknown): void {
    if (!this.#isFailing)
      this.#options.log.warn({ err: toAppError(thrown) }, 'the audit trail cannot be sealed; it is tried again');
    this.#isFailing = true;
  }

  #found(): void {
    if (this.#isFailing) this.#options.log.info('the audit trail is sealed again');
    this.#isFailing = false;
  }
}
