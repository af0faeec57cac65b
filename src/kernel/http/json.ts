import { isUtf8 } from 'node:buffer';

import { kernelError } from '../error.ts';

/** Deeper than any form of ours, and far from what recursion could not take. */
export const maxJsonDepth = 32;

/** INPUT_INVALID about the body as a whole. */
export const invalidBody = (message: string) => kernelError('INPUT_INVALID', { details: { fields: { $: [message] } } });

/** Shortest text that can be too deep. */
const minDeepLength = 2 * (maxJsonDepth + 1);

/**
 * Parses JSON text (RFC 8259) in UTF-8. Refuses what would fail later in places that cannot name the field: U+0000 and
 * lone surrogates (PostgreSQL stores neither), and nesting deeper than 32. Messages never quote the body.
 */
export const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw invalidBody('is not valid UTF-8');
  const text = bytes.toString('utf8');
  const value = parse(text);
  // In valid UTF-8 both kinds of bad character can be written only as an escape.
  const flaw = text.length >= minDeepLength || text.includes('\\u') ? findFlaw(value, 0) : null;
  if (flaw !== null) throw invalidBody(flaw);
  return value;
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidBody('is not valid JSON');
  }
};

const findFlaw = (value: unknown, depth: number): string | null => {
  if (typeof value === 'string') return flawOfText(value);
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= maxJsonDepth) return `is nested deeper than ${maxJsonDepth} levels`;
  return Array.isArray(value)
    ? findFlawIn(value, depth)
    : (findFlawIn(Object.keys(value), depth) ?? findFlawIn(Object.values(value), depth));
};

const findFlawIn = (values: readonly unknown[], depth: number): string | null => {
  for (const value of values) {
    const flaw = findFlaw(value, depth + 1);
    if (flaw !== null) return flaw;
  }
  return null;
};

/** Null if the text can be stored. */
export const flawOfText = (text: string): string | null => {
  if (text.includes('\0')) return 'holds the character U+0000';
  return text.isWellFormed() ? null : 'holds a surrogate without its pair';
};
