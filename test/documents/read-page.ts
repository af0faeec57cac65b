/** A use case's page, read as data; what it lacks is null or empty. */
export type Page = {
  readonly title: string | null;
  /** `type`, `operation-id`, …: without the backticks. */
  readonly header: ReadonlyMap<string, string>;
  /** What stands between the header and the first section. */
  readonly lead: string;
  /** In the page's order. */
  readonly sections: readonly string[];
  readonly input: readonly string[];
  readonly output: readonly string[];
  /** `SESSION_NOT_FOUND (not_found)` */
  readonly errors: readonly string[];
  readonly steps: number;
  /** Sections without a word. */
  readonly empty: readonly string[];
};

const headerLine = /^> \*\*([a-z-]+)\*\*: (.+)$/;

export const readPage = (text: string): Page => {
  const [head = '', ...rest] = text.split(/^## /m);
  const sections = new Map(rest.map(splitSection));
  const lines = head.split('\n');
  return {
    title: lines[0]?.match(/^# (.+)$/)?.[1] ?? null,
    header: new Map(lines.flatMap((line) => readHeader(line.match(headerLine)))),
    lead: lines
      .slice(1)
      .filter((line) => !line.startsWith('>'))
      .join('\n')
      .trim(),
    sections: [...sections.keys()],
    input: readFields(sections.get('Input')),
    output: readFields(sections.get('Output')),
    errors: readItems(sections.get('Error Scenarios'), /^- `([A-Z][A-Z0-9_]*)` \(([a-z_]+)\): \S/),
    steps: sections.get('Steps')?.match(/^\d+\. \S/gm)?.length ?? 0,
    empty: [...sections].filter(([, body]) => body === '').map(([name]) => name),
  };
};

const splitSection = (section: string): readonly [string, string] => {
  const end = section.indexOf('\n');
  return [section.slice(0, end).trim(), section.slice(end).trim()];
};

const readHeader = (match: RegExpMatchArray | null): readonly (readonly [string, string])[] => {
  const [, name, value] = match ?? [];
  return name === undefined || value === undefined ? [] : [[name, value.replaceAll('`', '').trim()]];
};

/** `- `name` (optional): …` is `name (optional)`; an item of any other form stays as it is, and so equals no field. */
const readFields = (body: string | undefined): readonly string[] =>
  readItems(body, /^- `(\w+)`(?: \((optional|secret)\))?: \S/);

const readItems = (body: string | undefined, form: RegExp): readonly string[] =>
  (body?.match(/^- .*$/gm) ?? []).map((item) => {
    const [, name, note] = item.match(form) ?? [];
    return name === undefined ? item : note === undefined ? name : `${name} (${note})`;
  });
