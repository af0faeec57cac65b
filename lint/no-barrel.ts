import { type Node, ruleFor } from './rule.ts';

/**
 * What this prevents: an import of one name that loads a directory. A process then opens what its role does not need,
 * and cycles appear between files that have nothing to do with each other.
 */
export const noBarrel = ruleFor(/\/src\//, (context) => {
  const imported = new Set<string>();
  const refuse = (node: Node) =>
    context.report({ node, message: 'Nothing is exported again: import it from the file that it is written in.' });
  return {
    ImportDeclaration: ({ specifiers }) => {
      for (const { local } of specifiers) imported.add(local.name);
    },
    ExportAllDeclaration: refuse,
    ExportNamedDeclaration: (node) => {
      const isImported = node.specifiers.some(({ local }) => 'name' in local && imported.has(local.name));
      if (node.source !== null || isImported) refuse(node);
    },
  };
});
