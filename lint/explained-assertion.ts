import { ancestorsOf, type Context, type Node, type Rule } from './rule.ts';

/**
 * What this prevents: `as` where the type was right and the value was not. The compiler had said so, and was told to be
 * silent. At an edge, parse with a schema; in the kernel, where generic mounts meet erased types, say why it holds.
 */
export const explainedAssertion: Rule = {
  create: (context) => {
    const isKernel = context.filename.includes('/src/kernel/');
    const check = (node: Node & { readonly typeAnnotation: Node }) => {
      if (isConst(node.typeAnnotation)) return;
      if (!isKernel)
        context.report({ node, message: 'Only the kernel asserts types: narrow it, or parse it with a schema.' });
      else if (!hasReason(context, node)) context.report({ node, message: 'Say in a comment why this type holds.' });
    };
    return { TSAsExpression: check, TSTypeAssertion: check };
  },
};

const isConst = (type: Node): boolean =>
  type.type === 'TSTypeReference' && type.typeName.type === 'Identifier' && type.typeName.name === 'const';

/** A comment in the statement up to the assertion, or directly above it. */
const hasReason = ({ sourceCode }: Context, node: Node): boolean => {
  const statement = ancestorsOf(node).findLast(({ type }) => /Statement$|Declaration$|Definition$/.test(type));
  const firstLine = (statement ?? node).loc.start.line - 1;
  const lastLine = node.loc.end.line;
  return sourceCode.getAllComments().some(({ loc }) => loc.end.line >= firstLine && loc.start.line <= lastLine);
};
