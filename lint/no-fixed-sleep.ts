import { ancestorsOf, isNamed, type Node, type Rule } from './rule.ts';

/**
 * What this prevents: a test that waits 100 ms for something that takes 80 here and 120 in CI. Wait for the condition:
 * a pause is allowed only inside of a loop that looks again.
 */
export const noFixedSleep: Rule = {
  create: (context) => {
    if (!/\.test\.ts$|\/testing\/|\/test\//.test(context.filename)) return {};
    const sleeps = new Set<string>();
    const refuse = (node: Node) => {
      if (!isInLoop(ancestorsOf(node))) {
        context.report({
          node,
          message: 'Wait for the condition, not for a time: look again in a loop with a deadline.',
        });
      }
    };
    return {
      ImportDeclaration: ({ source, specifiers }) => {
        if (!/^(?:node:)?timers\/promises$/.test(source.value)) return;
        for (const specifier of specifiers) {
          const imported = specifier.type === 'ImportSpecifier' ? specifier.imported : null;
          if (imported !== null && isNamed(imported, 'setTimeout')) sleeps.add(specifier.local.name);
        }
      },
      CallExpression: (node) => {
        // With a signal it stands for work that never ends by itself.
        const hasSignal = node.arguments.length > 2;
        if (node.callee.type === 'Identifier' && sleeps.has(node.callee.name) && !hasSignal) refuse(node);
      },
      NewExpression: (node) => {
        const [executor] = node.arguments;
        if (isNamed(node.callee, 'Promise') && executor !== undefined && isPause(executor)) refuse(node);
      },
    };
  },
};

const loops = /^(?:While|DoWhile|For|ForOf|ForIn)Statement$/;

const isInLoop = (ancestors: readonly Node[]): boolean => ancestors.some(({ type }) => loops.test(type));

/** `(resolve) => setTimeout(resolve, 50)`, with or without braces. */
const isPause = (executor: Node): boolean => {
  if (executor.type !== 'ArrowFunctionExpression' && executor.type !== 'FunctionExpression') return false;
  const [resolve] = executor.params;
  if (resolve?.type !== 'Identifier' || executor.body === null) return false;
  const statements = executor.body.type === 'BlockStatement' ? executor.body.body : [executor.body];
  return statements.some((statement) => {
    const call = statement.type === 'ExpressionStatement' ? statement.expression : statement;
    return (
      call.type === 'CallExpression' &&
      isNamed(call.callee, 'setTimeout') &&
      isNamed(call.arguments[0] ?? call, resolve.name)
    );
  });
};
