import { LRUCache } from 'lru-cache';

import { sizeOf } from './size.ts';

/** Times are those of `performance.now()`. */
export type Entry = {
  readonly namespace: string;
  /** Already settled: a hit hands it out as it is. */
  readonly promise: Promise<unknown>;
  /** Under which it may be invalidated. */
  readonly names: readonly string[];
  readonly storedAt: number;
  freshUntil: number;
  readonly staleUntil: number;
  readonly sizeBytes: number;
};

export type Held = { readonly entries: number; readonly bytes: number };

export type MemoryTierOptions = { readonly maxBytes: number; readonly maxEntries: number };

/** L1: what this process used last. */
export class MemoryTier {
  readonly #entries: LRUCache<string, Entry>;
  readonly #byName = new Map<string, Set<string>>();
  readonly #held = new Map<string, { entries: number; bytes: number }>();

  constructor({ maxBytes, maxEntries }: MemoryTierOptions) {
    this.#entries = new LRUCache({
      max: maxEntries,
      maxSize: maxBytes,
      sizeCalculation: ({ sizeBytes }) => sizeBytes,
      dispose: (entry, id) => this.#dispose(entry, id),
    });
  }

  get size(): Held {
    return { entries: this.#entries.size, bytes: this.#entries.calculatedSize };
  }

  heldOf(namespace: string): Held {
    return this.#held.get(namespace) ?? { entries: 0, bytes: 0 };
  }

  get(id: string): Entry | undefined {
    return this.#entries.get(id);
  }

  put(id: string, value: unknown, entry: Omit<Entry, 'promise' | 'sizeBytes'>): void {
    const stored: Entry = { ...entry, promise: Promise.resolve(value), sizeBytes: sizeOf(value) + id.length * 2 };
    this.#entries.set(id, stored);
    // One that is larger than all of the cache is not kept.
    if (this.#entries.peek(id) !== stored) return;
    const held = this.#held.get(entry.namespace) ?? { entries: 0, bytes: 0 };
    this.#held.set(entry.namespace, held);
    held.entries += 1;
    held.bytes += stored.sizeBytes;
    for (const name of entry.names) {
      const ids = this.#byName.get(name) ?? new Set();
      this.#byName.set(name, ids.add(id));
    }
  }

  drop(names: readonly string[]): void {
    for (const name of names) for (const id of this.#byName.get(name) ?? []) this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
  }

  #dispose({ namespace, names, sizeBytes }: Entry, id: string): void {
    const held = this.#held.get(namespace);
    if (held !== undefined) {
      held.entries -= 1;
      held.bytes -= sizeBytes;
    }
    for (const name of names) {
      const ids = this.#byName.get(name);
      ids?.delete(id);
      if (ids?.size === 0) this.#byName.delete(name);
    }
  }
}
