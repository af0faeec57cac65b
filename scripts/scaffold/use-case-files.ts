import { addImport, editArray, insertImport } from './edits.ts';
import { type Exported, type Shape, shapeOf, type Wanted } from './use-case-code.ts';

/** Text by path; what is there already is read through `read` and comes back changed. */
export type Files = Readonly<Record<string, string>>;
export type Read = (path: string) => string | null;

export const useCaseFiles = (wanted: Wanted, read: Read): Files => {
  const shape = shapeOf(wanted);
  const { module, topic, operation } = wanted;
  const code = `src/modules/${module.kebab}/usecases/${topic.kebab}/${operation.kebab}`;
  const page = `docs/modules/${module.kebab}/usecases/${operation.kebab}.md`;
  const taken = [`${code}.ts`, page].find((path) => read(path) !== null);
  if (taken !== undefined) throw new Error(`${taken} is there already: choose another operation id`);
  return {
    [`${code}.ts`]: codeOf(wanted, shape, page),
    [`${code}.test.ts`]: testOf(wanted, shape),
    [page]: pageOf(wanted, shape),
    ...editModule(wanted, read),
    ...(shape.portal === null ? {} : editPortal(wanted, shape.portal, read)),
  };
};

const codeOf = ({ module, operation, kind }: Wanted, shape: Shape, page: string): string => `${
  kind === 'event-subscriber' ? '' : "import { z } from 'zod';\n\n"
}import { ${shape.constructor} } from '#kernel/usecase.ts';
${shape.portal === null ? '' : `import { ${shape.portal.name} } from '#portals/${module.kebab}.ts';\n`}import type { ${module.pascal}Deps } from '../../deps.ts';

/** @see ${page} */
export const ${operation.camel} = (_deps: ${module.pascal}Deps) =>
  ${shape.constructor}({
    operationId: '${operation.kebab}',
${shape.head.map((line) => `    ${line}`).join('\n')}

    ${shape.execute}
  });
`;

const testOf = ({ operation, kind }: Wanted, shape: Shape): string => `import { describe, expect } from 'vitest';

import { test } from '#test/app.ts';
${kind === 'user-action' ? '' : "import { run } from '#test/run.ts';\n"}
describe('${operation.kebab}', () => {
  test('${shape.promise}', async ({ app }) => {
${shape.test.map((line) => `    ${line}`).join('\n')}
  });
});
`;

const pageOf = ({ operation, kind }: Wanted, shape: Shape): string => `# ${operation.title}

> **type**: ${kind.replace('-', '_')}

> **operation-id**: \`${operation.kebab}\`

${shape.page.map((line) => `> ${line}`).join('\n\n')}

${operation.sentence}.

## Input

Nothing.

## Output

Nothing.

## Steps

1. ${operation.sentence}.

## Error Scenarios

None of its own.

## Idempotency

It changes nothing.
`;

const editModule = ({ module, topic, operation }: Wanted, read: Read): Files => {
  const path = `src/modules/${module.kebab}/module.ts`;
  const text = read(path);
  if (text === null) throw new Error(`there is no ${path}: npm run new:module ${module.kebab} writes it`);
  const line = `import { ${operation.camel} } from './usecases/${topic.kebab}/${operation.kebab}.ts';`;
  const imported =
    insertImport(text, line, /^import .* from '\.\/usecases\//) ??
    insertImport(text, line, /^import .* from '\.\//) ??
    text;
  const entry = operation.camel;
  const edited = editArray(imported, /^const usecases: .*\)\[\] = \[/m, (entries) => [...entries, entry].toSorted());
  if (edited === null) throw new Error(`${path} has no "const usecases": add ${entry} to it by hand`);
  return { [path]: edited };
};

const editPortal = ({ module }: Wanted, { name, imports, code }: Exported, read: Read): Files => {
  const path = `src/portals/${module.kebab}.ts`;
  const text = read(path) ?? '';
  if (text.includes(`export const ${name} `)) return {};
  return { [path]: `${addImport(text, imports).trimEnd()}\n\n${code}\n` };
};
