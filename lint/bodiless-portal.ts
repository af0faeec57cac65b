import { type Node, ruleFor } from './rule.ts';

/**
 * What this prevents: a helper that begins its life in a portal. Every module that meets the portal then runs a piece
 * of another module in its own process, with the rules of last week's release.
 */
export const bodilessPortal = ruleFor(/\/src\/portals\//, (context) => {
  const refuse = (node: Node) =>
    context.report({ node, message: 'A portal is types, contracts and constants: the body belongs to the module.' });
  return {
    ArrowFunctionExpression: refuse,
    ClassDeclaration: refuse,
    ClassExpression: refuse,
    FunctionDeclaration: refuse,
    FunctionExpression: refuse,
  };
});
