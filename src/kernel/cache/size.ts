const maxVisited = 10_000;

/** About what a value takes in memory. Of very large ones the rest is counted like what was seen of them. */
export const sizeOf = (value: unknown): number => {
  const waiting: unknown[] = [value];
  const seen = new Set<object>();
  let bytes = 64;
  let visited = 0;
  for (let next = waiting.pop(); visited < maxVisited; next = waiting.pop()) {
    visited += 1;
    bytes += shallowSize(next);
    if (isContainer(next) && !seen.has(next)) {
      seen.add(next);
      for (const part of partsOf(next)) waiting.push(part);
    }
    if (waiting.length === 0) return bytes;
  }
  return Math.round((bytes * (visited + waiting.length)) / visited);
};

const isContainer = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);

const shallowSize = (value: unknown): number => {
  if (typeof value === 'string') return 16 + value.length * 2;
  if (typeof value !== 'object' || value === null) return 8;
  return ArrayBuffer.isView(value) ? 64 + value.byteLength : 48;
};

function* partsOf(value: object): Iterable<unknown> {
  if (value instanceof Map || value instanceof Set) {
    for (const entry of value.entries()) yield* entry;
    return;
  }
  yield* Object.keys(value);
  yield* Object.values(value);
}
