/** The forms of one name: `revoke-session` is also `revokeSession`, `RevokeSession`, `Revoke session`, `Revoke Session`. */
export type Names = {
  readonly kebab: string;
  readonly snake: string;
  readonly camel: string;
  readonly pascal: string;
  readonly sentence: string;
  readonly title: string;
};

const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1);

export const namesOf = (kebab: string): Names => {
  const words = kebab.split('-');
  const pascal = words.map(capital).join('');
  return {
    kebab,
    snake: words.join('_'),
    camel: pascal.slice(0, 1).toLowerCase() + pascal.slice(1),
    pascal,
    sentence: capital(words.join(' ')),
    title: words.map(capital).join(' '),
  };
};
