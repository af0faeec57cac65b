import { expect, test } from 'vitest';

import { addImport, editArray, insertImport } from './edits.ts';

const zod = "import { z } from 'zod';";
const actor = "import type { Actor } from '#kernel/actor.ts';";
const page = "import type { Page } from '#kernel/page.ts';";

test.for([
  ['an empty file', '', zod, `${zod}\n\n`],
  ['a file without imports', '/** Says. */\n', zod, `${zod}\n\n/** Says. */\n`],
  ['a package before ours', `${actor}\n\nconst a = 1;\n`, zod, `${zod}\n\n${actor}\n\nconst a = 1;\n`],
  ['ours after a package', `${zod}\n\nconst a = 1;\n`, actor, `${zod}\n\n${actor}\n\nconst a = 1;\n`],
  ['ours after ours', `${zod}\n\n${actor}\n\nconst a = 1;\n`, page, `${zod}\n\n${actor}\n${page}\n\nconst a = 1;\n`],
  ['nothing twice', `${zod}\n\nconst a = 1;\n`, zod, `${zod}\n\nconst a = 1;\n`],
] as const)('an import is added to %s', ([, text, line, expected]) => {
  expect(addImport(text, line)).toBe(expected);
});

test('an import is put in the order of paths, among those that fit alone', () => {
  const text = `${zod}\n${page}\n`;
  expect(insertImport(text, actor, /'#kernel\//)).toBe(`${zod}\n${actor}\n${page}\n`);
  expect(insertImport(`${actor}\nconst a = 1;`, page, /'#kernel\//)).toBe(`${actor}\n${page}\nconst a = 1;`);
  expect(insertImport(text, actor, /'#modules\//)).toBeNull();
});

test('an array is edited, whether it stands on one line or on many', () => {
  const add = (entries: readonly string[]) => [...entries, 'c'];
  expect(editArray('x: [a, b];', /x: \[/, add)).toBe('x: [a, b, c];');
  expect(editArray('x: [\n  a,\n  b,\n];', /x: \[/, add)).toBe('x: [a, b, c];');
  expect(editArray('y: []', /x: \[/, add)).toBeNull();
});
