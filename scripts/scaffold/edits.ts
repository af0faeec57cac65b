/** Puts a line among those that fit, in order of the alphabet, or after the last one before them; null if none fits. */
export const insertLine = (text: string, line: string, fits: RegExp): string | null => {
  const lines = text.split('\n');
  const indexes = [...lines.keys()].filter((index) => fits.test(lines[index] ?? ''));
  const last = indexes.at(-1);
  if (last === undefined) return null;
  const next = indexes.find((index) => (lines[index] ?? '') > line);
  return lines.toSpliced(next ?? last + 1, 0, line).join('\n');
};

/** Adds an entry to the array literal that `opening` begins, sorted if it was; null if there is no such array. */
export const insertEntry = (text: string, entry: string, opening: RegExp): string | null => {
  const match = opening.exec(text);
  if (match === null) return null;
  const start = match.index + match[0].length;
  const end = text.indexOf(']', start);
  const entries = text
    .slice(start, end)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const isSorted = entries.join() === entries.toSorted().join();
  const all = isSorted && entries.length !== 1 ? [...entries, entry].toSorted() : [...entries, entry];
  return `${text.slice(0, start)}${all.join(', ')}${text.slice(end)}`;
};
