import { kernelError } from '../error.ts';

/** What JSON may hold and PostgreSQL may not: U+0000, and half of a surrogate pair. JSON.stringify escapes both. */
const unfit = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89ab][0-9a-f]{2}|d[c-f][0-9a-f]{2})/;

/** `value` as JSON that PostgreSQL takes; INPUT_INVALID if it is larger, unfit, or no JSON at all. */
export const toJsonText = (what: string, value: unknown, maxBytes: number): string => {
  const text = stringify(what, value);
  if (Buffer.byteLength(text) > maxBytes) throw refusal(`${what} is larger than ${maxBytes} bytes`);
  if (text.includes('\\u') && unfit.test(text)) throw refusal(`${what} holds U+0000 or half a surrogate pair`);
  return text;
};

/** Text for people (an error's message, a note) in a form that PostgreSQL takes. */
export const toFitText = (text: string, maxLength: number): string =>
  text.slice(0, maxLength).toWellFormed().replaceAll('\0', '\u{FFFD}');

const stringify = (what: string, value: unknown): string => {
  try {
    // `as`: undefined and functions have no JSON, which the declared type leaves out.
    const text = JSON.stringify(value) as string | undefined;
    if (text !== undefined) return text;
  } catch (cause) {
    throw refusal(`${what} is no JSON: ${String(cause)}`, cause);
  }
  throw refusal(`${what} is no JSON`);
};

const refusal = (message: string, cause?: unknown) => kernelError('INPUT_INVALID', { details: { message }, cause });
