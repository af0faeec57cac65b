import type { FeedPosition, NoticeRow } from '../database/feed.ts';
import { feedKeptSeconds } from '../database/feed.ts';
import type { Logger } from '../observability/logger.ts';

/** Whoever builds itself while the program starts is told what was loaded before. */
const startMs = 60_000;
/** Before the first notices that it has not seen are dropped. */
const patienceMs = (feedKeptSeconds - 600) * 1000;
/** Far above what a server that crashes may lose, and above the minute that a transaction may take. */
const rewindSeconds = 300;

type Notice = Pick<NoticeRow, 'topic' | 'data'>;
type Listener = {
  readonly topic: string;
  readonly tell: (data: unknown) => void;
  readonly missed: () => void;
};

export type InboxOptions = {
  /** What is loaded at the start: nothing older. */
  readonly windowSeconds: number;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
};

/** What each pulse brings of the feed: remembers what was applied, and tells those who listen. */
export class Inbox {
  readonly #options: InboxOptions;
  readonly #now: () => number;
  readonly #listeners = new Set<Listener>();
  /** By `seq` the transaction, as long as the feed may answer with it again. */
  readonly #applied = new Map<number, number>();
  /** Null once the start is over. */
  #started: { readonly at: number; readonly notices: Notice[] } | null = null;
  #mark: number | null = null;
  #takenAt = 0;
  #isRewinding = false;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  get position(): FeedPosition {
    const { windowSeconds } = this.#options;
    if (this.#mark !== null && this.#now() - this.#takenAt > patienceMs) this.#beginAnew();
    const applied = [...this.#applied.keys()];
    if (this.#mark === null) return { mark: null, applied, windowSeconds };
    if (!this.#isRewinding) return { mark: this.#mark, applied, windowSeconds: null };
    return { mark: null, applied, windowSeconds: (this.#now() - this.#takenAt) / 1000 + rewindSeconds };
  }

  /**
   * For each new connection. A server that crashed may give out numbers again that it had given to transactions of its
   * last moments: below our mark, which only this process remembers. So the last minutes are read once more.
   */
  rewind(): void {
    this.#isRewinding = true;
  }

  /** The answer to `position`. */
  take(notices: readonly NoticeRow[], mark: number): void {
    const at = this.#now();
    if (this.#mark === null) this.#started = { at, notices: [] };
    else if (this.#started !== null && at - this.#started.at > startMs) this.#started = null;
    for (const notice of notices) this.apply(notice);
    for (const [seq, xid] of this.#applied) if (xid < mark) this.#applied.delete(seq);
    this.#mark = mark;
    this.#takenAt = at;
    this.#isRewinding = false;
  }

  /** At most once for each `seq`, unless the mark has passed it. */
  apply({ seq, xid, topic, data }: NoticeRow): void {
    if (this.#applied.has(seq)) return;
    this.#applied.set(seq, xid);
    this.#started?.notices.push({ topic, data });
    for (const listener of this.#listeners) if (listener.topic === topic) this.#tell(listener, data);
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    for (const { topic, data } of this.#started?.notices ?? [])
      if (listener.topic === topic) this.#tell(listener, data);
    return () => void this.#listeners.delete(listener);
  }

  /** PostgreSQL was away for so long that notices are gone. */
  #beginAnew(): void {
    this.#options.log.warn('this process was without PostgreSQL for longer than notices are kept');
    this.#mark = null;
    this.#applied.clear();
    for (const { missed } of this.#listeners) missed();
  }

  #tell({ topic, tell }: Listener, data: unknown): void {
    try {
      tell(data);
    } catch (err) {
      this.#options.log.error({ err, topic }, 'a notice could not be applied');
    }
  }
}
