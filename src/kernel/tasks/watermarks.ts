import type { Claimed } from './claim-statements.ts';

type Place = Pick<Claimed, 'queue' | 'priority' | 'runMs' | 'id'>;
export type Places = {
  readonly queues: string[];
  readonly priorities: number[];
  readonly afterMs: number[];
  readonly afterIds: string[];
};
type Mark = { ms: number; id: string };

const firstId = '00000000-0000-0000-0000-000000000000';
const priorities: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];

/**
 * Behind which task the next claim begins, per queue and priority. A mark is only a shortcut past rows that are dead
 * already: hints lower it, and each second one claim begins at the start, for tasks whose commit came late.
 */
export class Watermarks {
  readonly #marks: ReadonlyMap<string, readonly Mark[]>;
  #queues: readonly string[];

  constructor(queues: readonly string[]) {
    this.#queues = queues;
    this.#marks = new Map(queues.map((queue) => [queue, priorities.map(() => ({ ms: 0, id: firstId }))]));
  }

  /** Every place once, the queues in turns, so that none always comes last. */
  places({ fromStart }: { readonly fromStart: boolean }): Places {
    const [first = '', ...rest] = this.#queues;
    this.#queues = [...rest, first];
    const places: Places = { queues: [], priorities: [], afterMs: [], afterIds: [] };
    for (const queue of this.#queues) {
      for (const [priority, { ms, id }] of (this.#marks.get(queue) ?? []).entries()) {
        places.queues.push(queue);
        places.priorities.push(priority);
        places.afterMs.push(fromStart ? 0 : ms);
        places.afterIds.push(fromStart ? firstId : id);
      }
    }
    return places;
  }

  /** Claimed there. Going on from the start, marks go back to where the claim stopped. */
  pass({ queue, priority, runMs, id }: Place, { fromStart }: { readonly fromStart: boolean }): void {
    const mark = this.#marks.get(queue)?.[priority];
    if (mark === undefined) return;
    const isBehind = runMs < mark.ms || (runMs === mark.ms && id <= mark.id);
    if (isBehind && !fromStart) return;
    mark.ms = runMs;
    mark.id = id;
  }

  /** There may be work from `runMs` on. */
  lower(queue: string, runMs: number): void {
    for (const mark of this.#marks.get(queue) ?? []) {
      if (runMs > mark.ms) continue;
      mark.ms = runMs;
      mark.id = firstId;
    }
  }
}
