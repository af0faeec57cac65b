import { closest, distance } from 'fastest-levenshtein';
import type { z } from 'zod';

import { kernelError } from '../error.ts';
import type { UserAction } from '../usecase.ts';
import { readBody } from './body.ts';
import type { Exchange } from './exchange.ts';
import { flawOfText, invalidBody, parseJson } from './json.ts';
import { fieldsOf, isArraySchema, refuseUnknown } from './schema.ts';

/** The input of one action, read from the request and validated. Throws INPUT_INVALID with all problems at once. */
export type ReadInput = (exchange: Exchange) => unknown;

type Fields = Readonly<Record<string, readonly string[]>>;
type Values = Record<string, unknown>;

const invalid = (fields: Fields) => kernelError('INPUT_INVALID', { details: { fields } });

/** Path parameters, and the query (GET, DELETE) or the JSON body (others, which answer a promise); the path wins. */
export const createInputReader = (action: UserAction): ReadInput => {
  const schema = refuseUnknown(action.input);
  const names = Object.keys(fieldsOf(schema) ?? {});
  const hasParams = action.access.includes('{');
  const validate = (source: unknown, exchange: Exchange): unknown => {
    const input = hasParams ? merge(source, exchange.params) : source;
    const result = schema.safeParse(input);
    if (result.success) return result.data;
    throw invalid(describe(result.error.issues, input, names));
  };
  if (!hasQuery(action)) return async (exchange) => validate(readJson(exchange, await readBody(exchange)), exchange);
  const lists = listsOf(schema);
  return (exchange) => validate(readQuery(exchange, lists), exchange);
};

/** Whether the input stands in the query; else in the body. */
export const hasQuery = ({ access }: UserAction): boolean => access.startsWith('GET ') || access.startsWith('DELETE ');

const listsOf = (schema: z.core.$ZodType): ReadonlySet<string> =>
  new Set(Object.entries(fieldsOf(schema) ?? {}).flatMap(([name, field]) => (isArraySchema(field) ? name : [])));

const merge = (source: unknown, params: Readonly<Record<string, string>>): unknown => {
  for (const [name, value] of Object.entries(params)) {
    const flaw = flawOfText(value);
    if (flaw !== null) throw invalid({ [name]: [flaw] });
  }
  if (typeof source === 'object' && source !== null && !Array.isArray(source)) return { ...source, ...params };
  throw invalidBody('must be a JSON object');
};

/** A key may stand more than once only if its field is a list. */
const readQuery = ({ incoming: { url = '' } }: Exchange, lists: ReadonlySet<string>): Values => {
  const start = url.indexOf('?');
  if (start === -1) return {};
  const query = url.slice(start + 1);
  if (!isDecodable(query)) throw invalid({ query: ['holds a percent-encoding that is not valid UTF-8'] });
  const parameters = new URLSearchParams(query);
  // Null prototype: `__proto__` is a name like any other.
  const values: Values = Object.create(null);
  const problems: Record<string, string[]> = Object.create(null);
  for (const name of new Set(parameters.keys())) {
    const all = parameters.getAll(name);
    const flaw = flawOfText(name) ?? all.map(flawOfText).find((found) => found !== null);
    if (flaw) problems[name] = [flaw];
    else if (lists.has(name)) values[name] = all;
    else if (all.length > 1) problems[name] = ['is given more than once'];
    else values[name] = all[0];
  }
  if (Object.keys(problems).length > 0) throw invalid({ ...problems });
  return { ...values };
};

const isDecodable = (text: string): boolean => {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
};

const jsonType = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?$/i;

/** No body at all is an empty object: an action whose fields are all optional or in the path needs none. */
const readJson = ({ incoming: { headers } }: Exchange, bytes: Buffer): unknown => {
  if (bytes.length === 0) return {};
  const type = headers['content-type'] ?? '';
  if (type !== 'application/json' && !jsonType.test(type))
    throw unsupported('the body must be application/json in UTF-8');
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw unsupported('a compressed body is not read');
  return parseJson(bytes);
};

const unsupported = (message: string) => kernelError('UNSUPPORTED_MEDIA_TYPE', { details: { message } });

/** Messages by the dotted path of the field; `$` is the input itself. */
const describe = (issues: readonly z.core.$ZodIssue[], input: unknown, names: readonly string[]): Fields => {
  const fields: Record<string, string[]> = Object.create(null);
  const add = (path: readonly PropertyKey[], message: string) => {
    (fields[path.length === 0 ? '$' : path.map(String).join('.')] ??= []).push(message);
  };
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') add(issue.path, messageOf(issue, input));
    else
      for (const key of issue.keys) add([...issue.path, key], unknownField(key, issue.path.length === 0 ? names : []));
  }
  return { ...fields };
};

const messageOf = (issue: z.core.$ZodIssue, input: unknown): string =>
  issue.code === 'invalid_type' && isMissing(input, issue.path) ? 'is required' : issue.message;

const isMissing = (input: unknown, path: readonly PropertyKey[]): boolean => {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return true;
    // Own keys of parsed JSON: whatever they hold is unknown.
    value = (value as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return false;
};

const unknownField = (key: string, names: readonly string[]): string => {
  const nearest = names.length === 0 || key.length > 64 ? null : closest(key, [...names]);
  return nearest !== null && distance(key, nearest) <= 3
    ? `is not a field of this operation; did you mean ${nearest}?`
    : 'is not a field of this operation';
};
