import { ancestorsOf, isNamed, memberName, type Node, ruleFor } from './rule.ts';

/**
 * What this prevents: a header set on a finished response, for which the adapter copies all the others: 16 µs a request
 * where one set before the answer is made costs 1.4 (measured). So neither after `await next()` nor in a layer's `leave`.
 */
export const noLateHeader = ruleFor(/\/src\/(?:kernel\/http|app)\//, (context) => {
  const nexts = new Map<Node, number>();
  const functionAround = (node: Node) => ancestorsOf(node).findLast(({ type }) => /Function/.test(type));
  return {
    AwaitExpression: (node) => {
      const owner = functionAround(node);
      if (owner && node.argument.type === 'CallExpression' && isNamed(node.argument.callee, 'next')) {
        nexts.set(owner, Math.min(node.end, nexts.get(owner) ?? Infinity));
      }
    },
    'CallExpression:exit': (node: Node) => {
      if (node.type !== 'CallExpression' || !setsHeader(node.callee)) return;
      const around = ancestorsOf(node);
      const isAfterNext = around.some((ancestor) => node.start > (nexts.get(ancestor) ?? Infinity));
      if (isAfterNext || around.some(isLeave)) {
        context.report({ node, message: 'Set headers before the answer is made: afterwards all of them are copied.' });
      }
    },
  };
});

/** `setHeader(exchange, …)`, `context.header(…)`, `response.setHeader(…)`, `headers.set(…)`, `response.headers.append(…)`. */
const setsHeader = (callee: Node): boolean => {
  if (isNamed(callee, 'setHeader')) return true;
  const name = memberName(callee);
  if (name === 'header' || name === 'setHeader') return true;
  if (callee.type !== 'MemberExpression' || (name !== 'set' && name !== 'append')) return false;
  return isNamed(callee.object, 'headers') || memberName(callee.object) === 'headers';
};

const isLeave = (node: Node): boolean => node.type === 'Property' && isNamed(node.key, 'leave');
