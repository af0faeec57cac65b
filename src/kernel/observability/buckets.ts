/** How the values of a histogram are counted: each bucket that is shown is counted in `parts`. */
export type BucketShape = {
  /** Upper bounds that are shown, ascending. */
  readonly bounds: readonly number[];
  /** Upper bounds that are counted by; every one of `bounds` is among them. */
  readonly fineBounds: readonly number[];
  readonly parts: number;
};

/** Counts are one more than there are bounds: the last is of what is above them all. */
export type Buckets = { readonly counts: Float64Array; sum: number };

/** A bucket's parts have the same ratio to each other; to three digits, so that a bound reads well as text. */
export const createShape = (bounds: readonly number[], parts: number): BucketShape => ({
  bounds,
  parts,
  fineBounds: bounds.flatMap((upper, index) => {
    const lower = bounds[index - 1] ?? upper / 2 ** parts;
    return Array.from({ length: parts }, (_none, part) =>
      part === parts - 1 ? upper : Number((lower * (upper / lower) ** ((part + 1) / parts)).toPrecision(3)),
    );
  }),
});

export const createBuckets = ({ fineBounds }: BucketShape): Buckets => ({
  counts: new Float64Array(fineBounds.length + 1),
  sum: 0,
});

/** Finds the bucket first and then its part: few steps for what is usual. */
export const countInto = (slot: Buckets, { bounds, fineBounds, parts }: BucketShape, value: number): void => {
  let bucket = 0;
  while (bucket < bounds.length && value > (bounds[bucket] ?? Infinity)) bucket += 1;
  let index = bucket * parts;
  while (index < fineBounds.length && value > (fineBounds[index] ?? Infinity)) index += 1;
  slot.counts[index] = (slot.counts[index] ?? 0) + 1;
  slot.sum += value;
};

/** How many were at most as large as each bound that is shown; the last is how many there were. */
export const cumulate = ({ counts }: Buckets, { bounds, parts }: BucketShape): readonly number[] => {
  const totals: number[] = [];
  let total = 0;
  counts.forEach((count, index) => {
    total += count;
    if (index % parts === parts - 1 || index === bounds.length * parts) totals.push(total);
  });
  return totals;
};
