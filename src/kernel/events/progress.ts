import { isBehind, type Position } from './position.ts';

/** Events that were read together; done when none of them is left. */
export type Batch = { readonly end: Position; left: number };

/** How far everything is handled, parked or dead: batches end in any order, the position moves over those in front. */
export class Progress {
  #position: Position;
  #readTo: Position;
  #unsettled = 0;
  readonly #batches: Batch[] = [];
  readonly #onMoved: () => void;

  constructor(position: Position, onMoved: () => void) {
    this.#position = position;
    this.#readTo = position;
    this.#onMoved = onMoved;
  }

  get position(): Position {
    return this.#position;
  }

  get readTo(): Position {
    return this.#readTo;
  }

  /** Events that were read and are not settled yet. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /** `count` events up to `end` were read. */
  begin(end: Position, count: number): Batch {
    const batch = { end, left: count };
    if (isBehind(this.#readTo, end)) this.#readTo = end;
    this.#unsettled += count;
    // Without events the position may stay where it is: it would be written for nothing.
    if (count > 0) this.#batches.push(batch);
    return batch;
  }

  settle(batch: Batch): void {
    batch.left -= 1;
    this.#unsettled -= 1;
    if (batch.left > 0 || batch !== this.#batches[0]) return;
    for (let first = this.#batches[0]; first?.left === 0; first = this.#batches[0]) {
      this.#position = first.end;
      this.#batches.shift();
    }
    this.#onMoved();
  }
}
