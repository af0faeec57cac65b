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
    input: readItems(sections.get('Input'), fieldItem),
    output: readItems(sections.get('Output'), fieldItem),
    errors: readItems(sections.get('Error Scenarios'), errorItem),
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

/** `- `id`, `note` (optional): …` is `id` and `note (optional)`. */
const fieldItem = /^- (`\w+`(?: \((?:optional|secret)\))?(?:, `\w+`(?: \((?:optional|secret)\))?)*): \S/;

/** `- `CODE` (kind): …` is `CODE (kind)`. */
const errorItem = /^- (`[A-Z][A-Z0-9_]*` \([a-z_]+\)): \S/;

/** An item of any other form stays as it is, and so equals nothing in the code. */
const readItems = (body: string | undefined, form: RegExp): readonly string[] =>
  (body?.match(/^- .*$/gm) ?? []).flatMap((item) => {
    const names = form.exec(item)?.[1];
    return names === undefined ? [item] : names.replaceAll('`', '').split(', ');
  });
