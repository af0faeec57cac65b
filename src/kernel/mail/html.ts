/** Markup that may stand in a page as it is: only `html` makes it. */
export type Html = { readonly markup: string };

type Part = string | number | Html | readonly Html[];

/** A tagged template: what stands in it literally is markup, what is put in is text, unless it is `Html` itself. */
export const html = (strings: TemplateStringsArray, ...parts: readonly Part[]): Html => ({
  markup: strings.map((literal, index) => literal + toMarkup(parts[index] ?? '')).join(''),
});

const toMarkup = (part: Part): string => {
  if (typeof part === 'string') return escape(part);
  if (typeof part === 'number') return String(part);
  return 'markup' in part ? part.markup : part.map(({ markup }) => markup).join('');
};

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
