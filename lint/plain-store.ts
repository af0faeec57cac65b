import { memberName, type Rule, ruleFor } from './rule.ts';

/**
 * What this prevents: a store function that opens a transaction inside of its caller's, so that half of a use case
 * stays when the other half is rolled back; and one that decides what is an error, which only its caller can know.
 */
export const plainStore: Rule = ruleFor(/\/src\/modules\/[^/]+\/store\//, (context) => ({
  CallExpression: (node) => {
    if (memberName(node.callee) !== 'transaction') return;
    context.report({ node, message: 'A store function runs in the transaction that it is given.' });
  },
  ThrowStatement: (node) =>
    context.report({ node, message: 'A store function answers rows or null; its caller decides what that means.' }),
}));
