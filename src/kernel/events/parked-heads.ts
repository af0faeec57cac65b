import type { Head } from './parked-statements.ts';

/** Longer timers are set anew when they end. */
const maxTimerMs = 60_000;
/** However many there are, they are looked through so often at most. */
const minTimerMs = 20;

/** The first parked event of a key; with `line` in place of the key, since those without one stand alone. */
export type Parked = {
  readonly line: string;
  readonly isAlone: boolean;
  readonly id: string;
  readonly seq: number;
  readonly afterXid: number;
  /** `performance.now()`; Infinity: never. */
  readonly dueAt: number;
};

export const toParked = ({ id, key, seq, afterXid, inMs }: Head): Parked => ({
  line: lineOf({ id, key }),
  isAlone: key === null,
  id,
  seq,
  afterXid,
  dueAt: inMs === null ? Infinity : performance.now() + inMs,
});

/** Keys hold no U+0000: what stands alone gets a line that no key can be. */
export const lineOf = ({ id, key }: { readonly id: string; readonly key: string | null }): string => key ?? `\0${id}`;

/** Which keys wait, for which event; says when one is due. */
export class ParkedHeads {
  readonly #heads = new Map<string, Parked>();
  readonly #called = new Set<string>();
  readonly #onDue: (head: Parked) => void;
  #readXid = 0;
  #timer: NodeJS.Timeout | null = null;
  #wakesAt = Infinity;

  /** `onDue`: once for each head, until it is set anew. */
  constructor(onDue: (head: Parked) => void) {
    this.#onDue = onDue;
  }

  get(line: string): Parked | undefined {
    return this.#heads.get(line);
  }

  set(head: Parked): void {
    this.#heads.set(head.line, head);
    this.#called.delete(head.line);
    this.#wakeAt(head.dueAt);
  }

  /** If it stands before what is known of its key. */
  offer(head: Parked): void {
    const known = this.#heads.get(head.line);
    if (known === undefined || head.seq < known.seq) this.set(head);
  }

  delete(line: string): void {
    this.#heads.delete(line);
    this.#called.delete(line);
  }

  /** Everything below is read: what waits for that may run. */
  passed(readXid: number): void {
    if (readXid === this.#readXid) return;
    this.#readXid = readXid;
    if (this.#heads.size > 0) this.#wakeAt(performance.now());
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#heads.clear();
  }

  #wakeAt(time: number): void {
    if (time >= this.#wakesAt) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#wakesAt = time;
    const inMs = Math.min(maxTimerMs, Math.max(this.#heads.size > 100 ? minTimerMs : 0, time - performance.now()));
    this.#timer = setTimeout(() => this.#call(), Math.ceil(inMs)).unref();
  }

  #call(): void {
    this.#timer = null;
    this.#wakesAt = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const head of this.#heads.values()) {
      if (this.#called.has(head.line) || head.afterXid >= this.#readXid) continue;
      if (head.dueAt > now) {
        next = Math.min(next, head.dueAt);
        continue;
      }
      this.#called.add(head.line);
      this.#onDue(head);
    }
    if (next < Infinity) this.#wakeAt(next);
  }
}
