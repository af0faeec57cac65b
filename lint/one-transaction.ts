import { ancestorsOf, memberName, type Node, type Rule, ruleFor } from './rule.ts';

/**
 * What this prevents: a process that dies between two commits and leaves half of a use case behind.
 */
export const oneTransaction: Rule = ruleFor(/\/src\/modules\/[^/]+\/usecases\//, (context) => {
  const writers = new Set<Node | undefined>();
  return {
    CallExpression: (node) => {
      if (memberName(node.callee) !== 'transaction') return;
      // Branches that write differently are functions of their own.
      const [, writer] = ancestorsOf(node);
      if (writers.has(writer)) context.report({ node, message: 'A use case writes in one transaction: join the two.' });
      writers.add(writer);
    },
  };
});
