const pathOf = (line: string): string => line.split(" from '")[1] ?? line;

/** Puts an import among those that fit, in the order of their paths; null if none fits. */
export const insertImport = (text: string, line: string, fits: RegExp): string | null => {
  const lines = text.split('\n');
  const indexes = [...lines.keys()].filter((index) => fits.test(lines[index] ?? ''));
  const last = indexes.at(-1);
  if (last === undefined) return null;
  const next = indexes.find((index) => pathOf(lines[index] ?? '') > pathOf(line));
  return lines.toSpliced(next ?? last + 1, 0, line).join('\n');
};

/** Changes the entries of the array literal that `opening` begins; null if there is no such array. */
export const editArray = (
  text: string,
  opening: RegExp,
  edit: (entries: readonly string[]) => readonly string[],
): string | null => {
  const match = opening.exec(text);
  if (match === null) return null;
  const start = match.index + match[0].length;
  const end = text.indexOf(']', start);
  const entries = text
    .slice(start, end)
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return `${text.slice(0, start)}${edit(entries).join(', ')}${text.slice(end)}`;
};

/** Adds an import to the head of a file: packages first, then what is ours. */
export const addImport = (text: string, line: string): string => {
  if (text.includes(line)) return text;
  const [, head = '', body = ''] = /^((?:import .*\n|\n(?=import ))*)\n?([\s\S]*)$/.exec(text) ?? [];
  const imports = [...head.split('\n').filter((known) => known !== ''), line];
  const [ours = [], packages = []] = [true, false].map((isOurs) =>
    imports.filter((known) => /^[#.]/.test(pathOf(known)) === isOurs),
  );
  const groups = [packages, ours].filter((group) => group.length > 0).map((group) => group.join('\n'));
  return `${groups.join('\n\n')}\n\n${body}`;
};
