/** Longer ones are refused: the cost of hashing must not be the sender's choice. In code points. */
export const maxPasswordLength = 128;

const product = 'ashlar';

export type PasswordWeakness = 'too_short' | 'too_long' | 'made_of_login';

export type PasswordRules = { readonly minLength: number; readonly login: string };

/** Why a new password is refused, or null if it is not. Lengths count code points; no composition is asked for. */
export const findPasswordWeakness = (
  password: string,
  { minLength, login }: PasswordRules,
): PasswordWeakness | null => {
  const length = Array.from(canonicalPassword(password)).length;
  if (length < minLength) return 'too_short';
  if (length > maxPasswordLength) return 'too_long';
  return isMadeOf(password, [login, product]) ? 'made_of_login' : null;
};

/** What is hashed: the same bytes however a keyboard composes an accent (RFC 8265, OpaqueString). */
export const canonicalPassword = (password: string): string => password.normalize('NFC');

/** True if nothing but digits and punctuation is left without the words. */
const isMadeOf = (password: string, words: readonly string[]): boolean => {
  const text = password.normalize('NFKC').toLowerCase();
  const rest = words.reduce((left, word) => left.replaceAll(word, ''), text);
  return rest !== text && !/\p{L}/u.test(rest);
};
