/** Something that is not as it was sealed. Null parts do not apply. */
export type Finding = {
  readonly kind:
    | 'event_changed'
    | 'event_missing'
    | 'event_added'
    | 'seal_changed'
    | 'seal_missing'
    | 'chain_broken'
    | 'signature_wrong'
    | 'month_missing'
    | 'head_missing'
    | 'unsealed_too_long'
    | 'file_damaged';
  readonly seal: number | null;
  readonly month: string | null;
  readonly eventId: string | null;
  readonly operation: string | null;
  /** When the event was, ISO 8601. */
  readonly at: string | null;
  /** One sentence for an operator. */
  readonly message: string;
};

type Named = Pick<Finding, 'kind' | 'message'> & Partial<Finding>;

const maxKept = 1_000;

/** Keeps the first thousand, and counts the others. */
export class Findings {
  readonly #kept: Finding[] = [];
  #count = 0;

  add(finding: Named): void {
    this.#count += 1;
    if (this.#kept.length < maxKept)
      this.#kept.push({ seal: null, month: null, eventId: null, operation: null, at: null, ...finding });
  }

  /** Forgets those about months that were dropped in order meanwhile. */
  forget(isGone: (month: string) => boolean): void {
    const left = this.#kept.filter(({ month }) => month === null || !isGone(month));
    this.#count -= this.#kept.length - left.length;
    this.#kept.splice(0, this.#kept.length, ...left);
  }

  get kept(): readonly Finding[] {
    return this.#kept;
  }

  get count(): number {
    return this.#count;
  }
}
