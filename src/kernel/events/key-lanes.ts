/** What stands in a lane: in the order in which it came, one at a time. */
export type Keyed = { readonly key: string };

type Lane<T> = { readonly items: T[]; isRunning: boolean };

const laneCount = 16;

/**
 * Lanes side by side. What has one key goes through one lane, so that it is handled in order, while others pass; what
 * has a key of its own alone goes where the least is waiting.
 */
export class KeyLanes<T extends Keyed> {
  readonly #lanes: readonly Lane<T>[] = Array.from({ length: laneCount }, () => ({ items: [], isRunning: false }));
  readonly #run: (item: T) => Promise<void>;
  #idle = Promise.withResolvers<void>();
  #running = 0;

  /** `run` must not throw. */
  constructor(run: (item: T) => Promise<void>) {
    this.#run = run;
    this.#idle.resolve();
  }

  push(item: T, { isAlone }: { readonly isAlone: boolean }): void {
    const lane = isAlone ? this.#shortest() : this.#lanes[hash(item.key) % laneCount];
    if (lane === undefined) return;
    lane.items.push(item);
    if (!lane.isRunning) void this.#drive(lane);
  }

  /** What waits behind an item in its lane and fits, taken out of it. */
  takeAlong(item: T, fits: (other: T) => boolean): readonly T[] {
    const lane = this.#lanes[hash(item.key) % laneCount];
    if (lane === undefined) return [];
    const taken = lane.items.filter((other) => other.key === item.key && fits(other));
    if (taken.length > 0) lane.items.splice(0, Infinity, ...lane.items.filter((other) => !taken.includes(other)));
    return taken;
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const lane of this.#lanes) lane.items.length = 0;
  }

  /** Resolves once nothing runs. */
  get idle(): Promise<void> {
    return this.#idle.promise;
  }

  async #drive(lane: Lane<T>): Promise<void> {
    lane.isRunning = true;
    if (this.#running === 0) this.#idle = Promise.withResolvers();
    this.#running += 1;
    for (let item = lane.items.shift(); item !== undefined; item = lane.items.shift()) await this.#run(item);
    lane.isRunning = false;
    this.#running -= 1;
    if (this.#running === 0) this.#idle.resolve();
  }

  #shortest(): Lane<T> | undefined {
    const load = (lane: Lane<T>): number => lane.items.length + Number(lane.isRunning);
    return this.#lanes.reduce((best, lane) => (load(lane) < load(best) ? lane : best));
  }
}

/** FNV-1a, 32 bits (Fowler, Noll, Vo). */
const hash = (text: string): number => {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
};
