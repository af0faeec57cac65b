import { type Node, ruleFor } from './rule.ts';

/**
 * What this prevents: two apps in one process (two tests, or a server and a command) that share a cache, a counter or a
 * connection, because it belongs to a file and not to either of them.
 */
export const noModuleState = ruleFor(/\/src\//, (context) => ({
  Program: ({ body }) => {
    for (const statement of body) {
      const declaration = statement.type === 'ExportNamedDeclaration' ? statement.declaration : statement;
      if (declaration?.type !== 'VariableDeclaration') continue;
      for (const { id, init } of declaration.declarations) {
        if (declaration.kind === 'let' || declaration.kind === 'var' || (isMutable(init) && !isReadonly(id))) {
          context.report({ node: id, message: 'State belongs to what a factory returns; a constant says Readonly.' });
        }
      }
    }
  },
}));

const isMutable = (init: Node | null): boolean => {
  if (init?.type === 'NewExpression') {
    return init.callee.type === 'Identifier' && /^(?:Map|Set|WeakMap|WeakSet|Array|LRUCache)$/.test(init.callee.name);
  }
  return (
    (init?.type === 'ArrayExpression' && init.elements.length === 0) ||
    (init?.type === 'ObjectExpression' && init.properties.length === 0)
  );
};

const isReadonly = (id: Node): boolean => {
  const type = id.type === 'Identifier' ? id.typeAnnotation?.typeAnnotation : null;
  if (type?.type === 'TSTypeOperator') return type.operator === 'readonly';
  return (
    type?.type === 'TSTypeReference' && type.typeName.type === 'Identifier' && type.typeName.name.startsWith('Readonly')
  );
};
