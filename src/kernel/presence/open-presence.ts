import { hostname } from 'node:os';

import type { Db } from '../database/database.ts';
import type { Observer } from '../database/observer.ts';
import {
  createPulse,
  listenTo,
  type PulseRow,
  type Question,
  registerProcess,
  unregisterProcess,
} from '../database/processes.ts';
import type { Inbox } from '../feed/inbox.ts';
import { newId } from '../ids.ts';
import type { Logger } from '../observability/logger.ts';
import { Line } from './line.ts';
import type { Occupation, Presence, Pulse } from './presence.ts';

const pulseMs = 500;
const hurryMs = 50;
const startMs = 5_000;

export type PresenceOptions = {
  /** For session locks and LISTEN: not through a transaction pooler, if there is another way. */
  readonly url: string;
  readonly isPooled: boolean;
  readonly role: string;
  readonly release: string;
  /** Where the pulse puts what it reads of the feed. */
  readonly inbox: Inbox;
  readonly observer: Observer;
  readonly log: Logger;
};

/** Answers after the first pulse. Throws, after 5 s, why PostgreSQL could not be reached. */
export const openPresence = async (options: PresenceOptions): Promise<Presence> => {
  const presence = startPresence(options);
  try {
    await presence.untilPulse(startMs);
    return presence;
  } catch (thrown) {
    await presence.close();
    throw thrown;
  }
};

/** Begins to connect; `untilPulse` waits for the first pulse. */
export const startPresence = (options: PresenceOptions): StartedPresence => new StartedPresence(options);

type Asked = { readonly question: Question; readonly fn: (answer: unknown) => void };

class StartedPresence implements Presence {
  readonly processId = newId();
  processes = 1;
  readonly #options: PresenceOptions;
  readonly #line: Line;
  readonly #timer: NodeJS.Timeout;
  readonly #ups = new Set<(db: Db) => Promise<void>>();
  readonly #pulses = new Set<(pulse: Pulse) => void>();
  readonly #losses = new Set<() => void>();
  readonly #channels = new Map<string, Set<(payload: string) => void>>();
  readonly #asked = new Map<string, Asked>();
  readonly #first = Promise.withResolvers<void>();
  #pulse = createPulse(new Map());
  #describe: () => Occupation = () => ({ queues: [], pools: [] });
  #hurried: NodeJS.Timeout | null = null;
  #pulsedAt = -Infinity;
  #isBusy = false;

  constructor(options: PresenceOptions) {
    this.#options = options;
    this.#line = new Line({
      url: options.url,
      name: 'presence',
      observer: options.observer,
      log: options.log,
      onOpen: (db) => this.#enter(db),
      onUp: () => void this.#beat(),
      onNotify: (channel, payload) => this.#channels.get(channel)?.forEach((fn) => fn(payload)),
    });
    this.#timer = setInterval(() => void this.#beat(), pulseMs).unref();
  }

  get db(): Db | null {
    return this.#line.db;
  }

  get behindMs(): number {
    return performance.now() - this.#pulsedAt;
  }

  async untilPulse(ms: number): Promise<void> {
    const fail = () => this.#first.reject(this.#line.lastFailure ?? new Error(`PostgreSQL was silent for ${ms} ms`));
    const timer = setTimeout(fail, ms);
    await this.#first.promise.finally(() => clearTimeout(timer));
  }

  onUp(fn: (db: Db) => Promise<void>): () => void {
    const { db } = this;
    if (db !== null) this.#attempt(fn(db));
    return include(this.#ups, fn);
  }

  onPulse(fn: (pulse: Pulse) => void): () => void {
    return include(this.#pulses, fn);
  }

  onLost(fn: () => void): () => void {
    return include(this.#losses, fn);
  }

  listen(channel: string, fn: (payload: string) => void): () => void {
    const known = this.#channels.get(channel);
    const { db } = this;
    if (known === undefined && db !== null && !this.#options.isPooled) this.#attempt(listenTo(db, channel));
    const listeners = known ?? new Set();
    this.#channels.set(channel, listeners);
    return include(listeners, fn);
  }

  ask(name: string, question: Question, fn: (answer: unknown) => void): () => void {
    if (!/^\w+$/.test(name) || this.#asked.has(name)) throw new Error(`${name} is no name for another question`);
    this.#asked.set(name, { question, fn });
    this.#compile();
    return () => {
      this.#asked.delete(name);
      this.#compile();
    };
  }

  describe(fn: () => Occupation): void {
    this.#describe = fn;
    this.hurry();
  }

  hurry(): void {
    this.#hurried ??= setTimeout(() => {
      this.#hurried = null;
      void this.#beat();
    }, hurryMs).unref();
  }

  restart(): void {
    this.#line.restart();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    if (this.#hurried !== null) clearTimeout(this.#hurried);
    await this.#line.close(async (db) => {
      await unregisterProcess(db, { id: this.processId });
    });
  }

  #compile(): void {
    this.#pulse = createPulse(new Map(Array.from(this.#asked, ([name, { question }]) => [name, question])));
  }

  async #enter(db: Db): Promise<void> {
    const { role, release, isPooled, inbox } = this.#options;
    const { queues } = this.#describe();
    const row = { id: this.processId, isLocked: !isPooled, role, release, host: hostname(), pid: process.pid, queues };
    const [registered] = await registerProcess(db, row);
    if (registered?.isSafe !== true) throw new Error('a former session of this process still holds its lock');
    if (!isPooled) for (const channel of this.#channels.keys()) await listenTo(db, channel);
    inbox.rewind();
    for (const fn of this.#ups) await fn(db);
  }

  /** What was promised of a connection failed on it. */
  #attempt(work: Promise<void>): void {
    work.catch((err: unknown) => {
      this.#options.log.warn({ err }, 'the connection of this process begins anew');
      this.restart();
    });
  }

  async #beat(): Promise<void> {
    this.#line.sweep(performance.now());
    const { db } = this;
    if (db === null || this.#isBusy) return;
    this.#isBusy = true;
    try {
      const startedAt = performance.now();
      const { queues, pools } = this.#describe();
      const self = { id: this.processId, queues, pools: JSON.stringify(pools) };
      const [row] = await this.#pulse(db, { ...self, ...this.#options.inbox.position });
      if (row !== undefined) this.#take(row, startedAt);
    } catch (err) {
      this.#options.log.warn({ err }, 'the pulse of this process failed; it tries again');
    } finally {
      this.#isBusy = false;
    }
  }

  #take({ isKnown, processes, freed, answers, notices, mark }: PulseRow, startedAt: number): void {
    this.#options.inbox.take(notices, mark);
    if (!isKnown) {
      this.#options.log.error('this process was silent for too long and taken for dead: others do what it had begun');
      for (const fn of this.#losses) fn();
      return this.restart();
    }
    this.processes = processes;
    this.#pulsedAt = startedAt;
    this.#first.resolve();
    for (const [name, { fn }] of this.#asked) if (name in answers) fn(answers[name]);
    for (const fn of this.#pulses) fn({ freed: freed ?? [] });
  }
}

const include = <T>(set: Set<T>, item: T): (() => void) => {
  set.add(item);
  return () => void set.delete(item);
};
