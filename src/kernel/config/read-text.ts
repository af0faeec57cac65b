import { isAlias, parseDocument } from 'yaml';

import type { Setting } from './settings.ts';

/**
 * What a text from a variable, a flag or a reference means for a setting: text stays text; anything else is read as
 * YAML (`8080`, `true`, `{a: b}`); a list is written as YAML (`[a, b]`) or with commas (`a, b`).
 * Text that is not YAML is passed on, so that the schema refuses it in its own words.
 */
export const readText = (text: string, reads: Setting['reads']): unknown => {
  if (reads === 'text') return text;
  if (reads === 'value' || text.trimStart().startsWith('[')) return readYaml(text);
  const items = text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
  return reads === 'texts' ? items : items.map(readYaml);
};

const readYaml = (text: string): unknown => {
  const document = parseDocument(text, { prettyErrors: false });
  const isYaml = document.errors.length === 0 && document.warnings.length === 0 && !isAlias(document.contents);
  return isYaml ? document.toJS() : text;
};
