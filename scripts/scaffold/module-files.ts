import { editArray, insertImport } from './edits.ts';
import type { Names } from './names.ts';
import type { Files, Read } from './use-case-files.ts';

/** Names that would clash with a place, a schema of PostgreSQL, or a variable where modules are put together. */
const reserved = ['app', 'config', 'console', 'http', 'installation', 'kernel', 'main', 'module', 'modules', 'portal'];
const words = ['portals', 'public', 'release', 'role', 'roles', 'test', 'default', 'delete', 'export', 'import', 'new'];

/** A module without a use case, and its place in the app. */
export const moduleFiles = (module: Names, read: Read): Files => {
  const folder = `src/modules/${module.kebab}`;
  if ([...reserved, ...words].includes(module.kebab))
    throw new Error(`${module.kebab} is a place or a word of this project, not a module`);
  if (read(`${folder}/module.ts`) !== null) throw new Error(`the module ${module.kebab} is there already`);
  return {
    [`${folder}/deps.ts`]: `import type { Kernel } from '#kernel/kernel.ts';

export type ${module.pascal}Deps = {
  readonly kernel: Kernel;
};
`,
    [`${folder}/module.ts`]: `import type { Module } from '#kernel/module.ts';
import type { UseCase } from '#kernel/usecase.ts';
import type { ${module.pascal}Portal } from '#portals/${module.kebab}.ts';
import type { ${module.pascal}Deps } from './deps.ts';

const usecases: readonly ((deps: ${module.pascal}Deps) => UseCase)[] = [];

export const create${module.pascal}Module = (deps: ${module.pascal}Deps): Module<${module.pascal}Portal> => ({
  name: '${module.kebab}',
  portal: {},
  usecases: usecases.map((create) => create(deps)),
});
`,
    [`src/portals/${module.kebab}.ts`]: `/** What other modules may ask of ${module.kebab}: plain data in, plain data out. */
export type ${module.pascal}Portal = Readonly<Record<never, never>>;
`,
    ...editApp(module, read),
    ...editRoles(module, read),
  };
};

const byHand = (path: string, what: string): Error => new Error(`${path} is not as expected: write by hand ${what}`);

const editApp = ({ kebab, camel, pascal }: Names, read: Read): Files => {
  const path = 'src/app/app.ts';
  const line = `import { create${pascal}Module } from '#modules/${kebab}/module.ts';`;
  const construction = `const ${camel} = create${pascal}Module({ kernel });`;
  const modules = /^( *)const modules: readonly Module<unknown>\[\] = \[/m;
  const imported = insertImport(read(path) ?? '', line, /^import .* from '#modules\//);
  const listed = imported && editArray(imported, modules, (names) => [...names, camel]);
  if (!listed) throw byHand(path, `${line} ${construction} and ${camel} in the list of modules`);
  return { [path]: listed.replace(modules, (match, indent: string) => `${indent}${construction}\n${match}`) };
};

const editRoles = ({ kebab }: Names, read: Read): Files => {
  const path = 'src/app/roles.ts';
  const role = `  { name: 'run-${kebab}-http', summary: 'Serve the paths of ${kebab}', modules: ['${kebab}'], parts: [http] },`;
  const text = read(path) ?? '';
  const last = [...text.matchAll(/^ {2}\{ name: 'run-[a-z]+-http'.*\n/gm)].at(-1);
  if (last === undefined) throw byHand(path, role.trim());
  const end = last.index + last[0].length;
  return { [path]: `${text.slice(0, end)}${role}\n${text.slice(end)}` };
};
