import { type Node, ruleFor } from './rule.ts';

const toCamelCase = (kebab: string): string =>
  kebab.replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

/**
 * What this prevents: an operation id in a log line that no file is named after, and a file whose second use case is
 * found only by reading it.
 */
export const namedUseCase = ruleFor(/\/src\/modules\/[^/]+\/usecases\/(.+)\.ts$/, (context, [, path = '']) => {
  const [topic, operationId = '', ...deeper] = path.split('/');
  const expected = toCamelCase(operationId);
  const exported: string[] = [];
  return {
    ExportNamedDeclaration: ({ declaration }) => {
      if (declaration?.type === 'VariableDeclaration') {
        for (const { id } of declaration.declarations) exported.push(id.type === 'Identifier' ? id.name : '?');
      } else if (declaration?.type === 'FunctionDeclaration') exported.push(declaration.id?.name ?? '?');
    },
    Property: (node: Node) => {
      if (node.type !== 'Property' || !('name' in node.key) || node.key.name !== 'operationId') return;
      if (node.value.type === 'Literal' && node.value.value === operationId) return;
      context.report({ node, message: `The operation id is the file's name: '${operationId}'.` });
    },
    'Program:exit': (node: Node) => {
      if (topic === undefined || operationId === '' || deeper.length > 0) {
        context.report({ node, message: 'A use case is usecases/<topic>/<operation-id>.ts.' });
      } else if (exported.join() !== expected) {
        context.report({
          node,
          message: `This file exports one value, ${expected}; it exports ${exported.join(', ') || 'none'}.`,
        });
      }
    },
  };
});
