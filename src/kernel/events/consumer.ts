import type { Db } from '../database/database.ts';
import type { Observer } from '../database/observer.ts';
import type { Logger } from '../observability/logger.ts';
import { Line } from '../presence/line.ts';
import type { Presence } from '../presence/presence.ts';
import type { Runner } from '../run.ts';
import type { EventMetrics } from './event-metrics.ts';
import { createSubscribers, type ServedSubscriber, type Subscriber } from './subscribers.ts';
import { Subscription } from './subscription.ts';
import {
  askForFree,
  type Look,
  lookAtSubscriptions,
  pruneInbox,
  registerSubscriptions,
} from './subscription-statements.ts';
import { type EventWakes, parseNames, wakeChannel } from './wakes.ts';

export type EventConsumerOptions = {
  /** Whose id the subscriptions carry. */
  readonly presence: Presence;
  /** For the consumer's own connection. */
  readonly url: string;
  readonly subscribers: readonly ServedSubscriber[];
  readonly runner: Runner;
  readonly wakes: EventWakes;
  readonly log: Logger;
  readonly observer: Observer;
  readonly metrics: EventMetrics;
  readonly now: () => Date;
};

export type EventConsumer = {
  /** What it consumes at the moment. */
  readonly subscriptions: readonly string[];
  /** Begins nothing more, waits for what runs, and after the deadline interrupts it; what it had is free at once. */
  close(options: { readonly deadlineSeconds: number }): Promise<void>;
};

const lookMs = 5_000;
const troubleMs = 250;
const pruneMs = 60_000;
const pruneLimit = 10_000;
const interruptSeconds = 5;

/** Hands events to their subscribers, as soon as PostgreSQL answers and for as long as it does. */
export const openEventConsumer = (options: EventConsumerOptions): EventConsumer => {
  if (options.subscribers.length === 0) return { subscriptions: [], close: () => Promise.resolve() };
  const consumer = new Consumer(options);
  return {
    get subscriptions() {
      return consumer.held;
    },
    close: ({ deadlineSeconds }) => consumer.close(deadlineSeconds),
  };
};

class Consumer {
  readonly #options: EventConsumerOptions;
  readonly #subscribers: ReadonlyMap<string, Subscriber>;
  readonly #byEvent: ReadonlyMap<string, readonly string[]>;
  readonly #held = new Map<string, Subscription>();
  readonly #line: Line;
  readonly #timer: NodeJS.Timeout;
  readonly #pruning: NodeJS.Timeout;
  readonly #stops: readonly (() => void)[];
  #isOpen = true;
  #isLooking = false;
  #mustLook = false;

  constructor(options: EventConsumerOptions) {
    const { presence, url, wakes, observer, log, subscribers } = options;
    this.#options = options;
    this.#subscribers = createSubscribers(subscribers);
    this.#byEvent = groupByEvent(this.#subscribers);
    this.#line = new Line({
      url,
      name: 'events',
      observer,
      log,
      onOpen: (db) => this.#register(db),
      onUp: () => void this.#look(),
    });
    this.#timer = setInterval(() => void this.#tick(), lookMs).unref();
    this.#pruning = setInterval(() => void this.#prune(), pruneMs).unref();
    this.#stops = [
      presence.listen(wakeChannel, (payload) => parseNames(payload).forEach((name) => this.#hear(name))),
      presence.onLost(() => this.#abandonAll('this process was taken for dead')),
      wakes.listen((name) => this.#hear(name)),
      ...this.#askForFree(),
    ];
  }

  get held(): readonly string[] {
    return [...this.#held.keys()];
  }

  async close(deadlineSeconds: number): Promise<void> {
    this.#isOpen = false;
    for (const stop of this.#stops) stop();
    clearInterval(this.#timer);
    clearInterval(this.#pruning);
    const seconds = Math.max(1, deadlineSeconds - interruptSeconds);
    await Promise.allSettled(Array.from(this.#held.values(), (subscription) => subscription.close(seconds)));
    const names = this.held;
    this.#held.clear();
    await this.#line.close(() => Promise.resolve());
    this.#options.wakes.announce(names);
  }

  #askForFree(): readonly (() => void)[] {
    const { presence } = this.#options;
    const names = [...this.#subscribers.keys()];
    let known = presence.processes;
    return [
      presence.ask('free_subscriptions', askForFree(names), (isFree) => void (isFree === true && this.#look())),
      // The pulse that misses a process answers as if it were still there.
      presence.onPulse(() => {
        if (presence.processes < known) void this.#look();
        known = presence.processes;
      }),
    ];
  }

  async #register(db: Db): Promise<void> {
    const subscribers = [...this.#subscribers.values()];
    await registerSubscriptions(db, {
      names: subscribers.map(({ name }) => name),
      events: subscribers.map(({ event }) => event),
      fromStarts: subscribers.map(({ fromStart }) => (fromStart ? 1 : 0)),
    });
  }

  /** True if nobody else needs to hear of it: every subscription that it is for, is consumed here. */
  #hear(name: string): boolean {
    if (this.#subscribers.has(name)) {
      void this.#look();
      return false;
    }
    const names = this.#byEvent.get(name) ?? [];
    for (const subscription of names) this.#held.get(subscription)?.wake();
    return names.every((subscription) => this.#held.has(subscription));
  }

  #tick(): Promise<void> {
    this.#line.sweep(performance.now());
    return this.#look();
  }

  /** Takes what is free, lets go what is taken, and wakes what lags though nobody woke it. */
  async #look(): Promise<void> {
    this.#mustLook = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#mustLook) {
        this.#mustLook = false;
        await this.#lookOnce();
      }
    } catch (err) {
      this.#options.log.warn({ err }, 'the event consumer could not look at its subscriptions; it tries again');
      this.#lookSoon();
    } finally {
      this.#isLooking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { db } = this.#line;
    if (db === null || !this.#isOpen) return;
    const { processId: owner } = this.#options.presence;
    const names = [...this.#subscribers.keys()];
    const looks = await lookAtSubscriptions(db, { owner, names, held: this.held });
    this.#options.metrics.lag(new Map(looks.map(({ name, lagSeconds }) => [name, lagSeconds])));
    if (!this.#isOpen) return;
    for (const look of looks) this.#follow(look);
  }

  #follow(look: Look): void {
    const held = this.#held.get(look.name);
    if (held === undefined) {
      if (look.isTaken) this.#take(look);
    } else if (!look.isOurs || look.epoch !== held.epoch) {
      held.abandon(`${look.name} was taken away`);
    } else if (look.lagSeconds > 0) held.wake();
  }

  #take({ name, epoch, xid, seq }: Look): void {
    const subscriber = this.#subscribers.get(name);
    if (subscriber === undefined) return;
    const { presence, runner, log, now } = this.#options;
    const subscription = new Subscription({
      subscriber,
      fence: { subscription: name, owner: presence.processId, epoch },
      position: { xid, seq },
      db: () => this.#line.db,
      runner,
      now,
      random: Math.random,
      onDead: (event) => log.error({ subscription: name, ...event }, 'an event is dead: it is not tried again'),
      onOver: (reason) => {
        log.warn({ subscription: name, reason }, 'a subscription was lost; who finds it free takes it');
        if (this.#held.get(name) === subscription) this.#held.delete(name);
        this.#lookSoon();
      },
    });
    this.#held.set(name, subscription);
  }

  /** Of the inbox goes what nobody can ask for any more. */
  async #prune(): Promise<void> {
    try {
      for (const [subscription, held] of this.#held) if (held.hasMoved) await this.#pruneOne(subscription);
    } catch (err) {
      this.#options.log.warn({ err }, 'the inbox could not be pruned; it is tried again');
    }
  }

  async #pruneOne(subscription: string): Promise<void> {
    for (let done = pruneLimit; done === pruneLimit && this.#isOpen;) {
      const { db } = this.#line;
      const [row] = db === null ? [] : await pruneInbox(db, { subscription, limit: pruneLimit });
      done = row?.done ?? 0;
    }
  }

  #abandonAll(reason: string): void {
    for (const subscription of this.#held.values()) subscription.abandon(reason);
  }

  #lookSoon(): void {
    setTimeout(() => void this.#look(), troubleMs).unref();
  }
}

const groupByEvent = (subscribers: ReadonlyMap<string, Subscriber>): ReadonlyMap<string, readonly string[]> => {
  const groups = Map.groupBy(subscribers.values(), ({ event }) => event);
  return new Map(Array.from(groups, ([event, members]) => [event, members.map(({ name }) => name)]));
};
