import type { Redactor } from '../observability/redact.ts';

/** Larger ones say how large they were: the audit trail is no second store. */
const maxBytes = 16_384;

/** What is noted of a change as JSON text: without secrets, and without what PostgreSQL cannot hold. Null: nothing. */
export const toNoteText = (
  redactor: Redactor,
  fields: Readonly<Record<string, unknown>> | undefined,
): string | null => {
  if (fields === undefined) return null;
  const written = redactor.scrub(JSON.stringify(redactor.loggable(fields), plain));
  const text = written.includes('\\u') ? written.replaceAll(unfit, '\u{FFFD}') : written;
  const size = Buffer.byteLength(text);
  return size <= maxBytes ? text : JSON.stringify({ tooLargeBytes: size });
};

/** U+0000 and halves of surrogate pairs, as JSON.stringify writes them; not where a backslash is itself escaped. */
const unfit = /(?<=(?<!\\)(?:\\\\)*)\\u(?:0000|d[89ab][0-9a-f]{2}|d[c-f][0-9a-f]{2})/g;

const plain = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? value.toString() : value);
