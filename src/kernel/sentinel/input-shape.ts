const maxDepth = 4;
const maxKeys = 30;
const maxTexts = 100;
const shortestText = 6;
const longestText = 4_096;

/** Names that a schema may have given; whatever else stands as a key came from outside. */
const plainName = /^[A-Za-z_][\w-]{0,39}$/;
/** Says which thing it was, and opens nothing. */
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Types and sizes instead of values: `{ login: 'string(5)', tags: ['array(2)', 'string(3)'] }`. */
export const shapeOf = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return `string(${value.length})`;
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  if (value instanceof Date) return 'date';
  if (ArrayBuffer.isView(value)) return `bytes(${value.byteLength})`;
  if (depth >= maxDepth) return 'and so on';
  if (Array.isArray(value))
    return value.length === 0 ? ['array(0)'] : [`array(${value.length})`, shapeOf(value[0], depth + 1)];
  return shapeOfFields(Object.entries(value), depth);
};

const shapeOfFields = (fields: readonly (readonly [string, unknown])[], depth: number): object =>
  Object.fromEntries([
    ...fields
      .slice(0, maxKeys)
      .map(([key, value], index) => [plainName.test(key) ? key : `[key ${index + 1}]`, shapeOf(value, depth + 1)]),
    ...(fields.length > maxKeys ? [['…', `${fields.length - maxKeys} more`]] : []),
  ]);

/** Takes the texts of an input out of what was written about it: a message may repeat what it could not read. */
export const createMask = (input: unknown): ((text: string) => string) => {
  const texts = new Set<string>();
  collectTexts(input, texts, 0);
  const masked = [...texts]
    .flatMap((text) => [text, JSON.stringify(text).slice(1, -1)])
    .toSorted((one, other) => other.length - one.length);
  return (text) => masked.reduce((left, secret) => left.replaceAll(secret, '[input]'), text);
};

const isMaskable = (text: string): boolean =>
  text.length >= shortestText && text.length <= longestText && !uuid.test(text);

const collectTexts = (value: unknown, texts: Set<string>, depth: number): void => {
  if (texts.size >= maxTexts || depth > maxDepth) return;
  if (typeof value === 'string') {
    if (isMaskable(value)) texts.add(value);
  } else if (typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)) {
    for (const one of Object.values(value)) collectTexts(one, texts, depth + 1);
  }
};
