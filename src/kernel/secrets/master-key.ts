import { AppError } from '../error.ts';

const keyBytes = 32;
export const howToMakeOne = 'make one with `openssl rand -base64 32`, and keep a copy apart from the backups';

export const invalidKey = (message: string, cause?: unknown): AppError =>
  new AppError('MASTER_KEY_INVALID', { kind: 'conflict', details: { message }, cause });

const forms = [
  { pattern: /^[A-Za-z0-9+/]{43}=?$/, encoding: 'base64' },
  { pattern: /^[\w-]{43}=?$/, encoding: 'base64url' },
  { pattern: /^[\da-f]{64}$/i, encoding: 'hex' },
] as const;

/** The 32 bytes; throws MASTER_KEY_INVALID, which names `source` and never the text. */
export const parseKey = (text: string, source: string): Buffer => {
  const trimmed = text.trim();
  const form = forms.find(({ pattern }) => pattern.test(trimmed));
  if (form === undefined) {
    const found = `the master key in ${source} has ${trimmed.length} characters that are no`;
    throw invalidKey(`${found} ${keyBytes} bytes as base64 (44 characters) or hex (64); ${howToMakeOne}`);
  }
  return Buffer.from(trimmed, form.encoding);
};
