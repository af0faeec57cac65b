import { isNamed, memberName, type Node, ruleFor } from './rule.ts';

const globals = new Set([
  'performance',
  'process',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
]);
const randomness = /^(?:random|getRandomValues|webcrypto|generateKey|nanoid|v[1467]$)/;

/**
 * What this prevents: a rule whose test passes until midnight, or once in a hundred runs. Time, randomness and ids come
 * in as arguments, so that a table of cases can hold them still.
 */
export const pureDomain = ruleFor(/\/src\/modules\/[^/]+\/domain\//, (context) => {
  const refuse = (node: Node, what: string) =>
    context.report({ node, message: `${what} does not belong to the domain: let it come in as an argument.` });
  return {
    ImportSpecifier: (node) => {
      if (node.imported.type === 'Identifier' && randomness.test(node.imported.name)) refuse(node, node.imported.name);
    },
    MemberExpression: (node) => {
      const name = memberName(node) ?? '';
      if (isNamed(node.object, 'globalThis')) refuse(node, name);
      else if (isNamed(node.object, 'Date') && name === 'now') refuse(node, 'Date.now');
      else if (isNamed(node.object, 'Temporal') && name === 'Now') refuse(node, 'Temporal.Now');
      else if ((isNamed(node.object, 'Math') || isNamed(node.object, 'crypto')) && randomness.test(name))
        refuse(node, name);
    },
    NewExpression: (node) => {
      if (isNamed(node.callee, 'Date') && node.arguments.length === 0) refuse(node, 'The clock');
    },
    CallExpression: (node) => {
      if (isNamed(node.callee, 'Date')) refuse(node, 'The clock');
    },
    Identifier: (node) => {
      if (globals.has(node.name) && context.sourceCode.isGlobalReference(node)) refuse(node, node.name);
    },
  };
});
