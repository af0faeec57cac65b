type Convert = (value: unknown) => unknown;

/** The part of the driver's options that says how a type is read and written, by its OID. */
type TypeOptions = { readonly parsers: Record<number, Convert>; readonly serializers: Record<number, Convert> };

/** OIDs of PostgreSQL's own types and their arrays (pg_type.dat); they never change. */
const arrayTypes: readonly (readonly [element: number, array: number])[] = [
  [16, 1000], // boolean
  [17, 1001], // bytea
  [19, 1003], // name
  [20, 1016], // bigint
  [21, 1005], // smallint
  [23, 1007], // integer
  [25, 1009], // text
  [26, 1028], // oid
  [114, 199], // json
  [700, 1021], // real
  [701, 1022], // double precision
  [869, 1041], // inet
  [1043, 1015], // character varying
  [2950, 2951], // uuid
  [3802, 3807], // jsonb
];

/**
 * Lets the driver read and write arrays. Asked to find out by itself, it sends a query after signing in that nobody waits
 * for: a connection that is lost just then is a rejection that nobody handles, and ends the process.
 */
export const addArrayTypes = ({ parsers, serializers }: TypeOptions): void => {
  for (const [element, array] of arrayTypes) {
    const parse: Convert = parsers[element] ?? ((value) => value);
    const serialize: Convert = serializers[element] ?? String;
    parsers[array] = (text) => parseArray(String(text), parse);
    serializers[array] = (value) => (Array.isArray(value) ? formatArray(value, serialize) : value);
  }
};

const token = /"((?:[^"\\]|\\.)*)"|([{},])|([^{},"]+)/gs;

/** As PostgreSQL writes arrays (manual, 8.15.6). */
const parseArray = (text: string, parse: Convert): unknown => {
  // The outermost list holds the array itself, so that each list has one around it.
  const whole: unknown[] = [];
  const open: unknown[][] = [whole];
  for (const [, quoted, mark, plain] of text.matchAll(token)) {
    const list = open.at(-1) ?? whole;
    if (mark === '{') {
      const inner: unknown[] = [];
      list.push(inner);
      open.push(inner);
    } else if (mark === '}') open.pop();
    else if (mark === undefined) list.push(parseItem({ quoted, plain }, parse));
  }
  return whole.at(-1);
};

type Item = { readonly quoted: string | undefined; readonly plain: string | undefined };

const parseItem = ({ quoted, plain }: Item, parse: Convert): unknown => {
  if (quoted !== undefined) return parse(quoted.replace(/\\(.)/gs, '$1'));
  return plain === 'NULL' ? null : parse(plain);
};

const formatArray = (values: readonly unknown[], serialize: Convert): string =>
  `{${values.map((value) => formatItem(value, serialize)).join(',')}}`;

const formatItem = (value: unknown, serialize: Convert): string => {
  if (value === undefined) throw new Error('an array for PostgreSQL holds an undefined value');
  if (value === null) return 'null';
  if (Array.isArray(value)) return formatArray(value, serialize);
  return `"${String(serialize(value)).replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
};
