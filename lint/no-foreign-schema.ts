import { isNamed, memberName, type Node, ruleFor } from './rule.ts';

const relation = /\b(?:from|join|into|update|table|references|only|using)\s+"?([a-z_]\w*)"?\s*\.\s*"?[a-z_]/gi;
const catalogues = new Set(['pg_catalog', 'information_schema']);

/**
 * What this prevents: a query that joins another module's table. It works, until that module renames a column or moves
 * to a database of its own, and its tests, which know nothing of the query, are green.
 */
export const noForeignSchema = ruleFor(/\/src\/modules\/([^/]+)\//, (context, [, own = '']) => {
  const refuse = (node: Node, schema: string) =>
    context.report({ node, message: `The schema ${schema} is not ${own}'s: ask its module through its portal.` });
  const checkText = (node: Node, text: string) => {
    for (const [, schema = ''] of text.matchAll(relation)) {
      if (schema !== own && !catalogues.has(schema.toLowerCase())) refuse(node, schema);
    }
  };
  return {
    TaggedTemplateExpression: (node) => {
      if (isNamed(node.tag, 'sql') || memberName(node.tag) === 'sql') {
        // An interpolation is a table or a value of the module's own.
        checkText(node, node.quasi.quasis.map(({ value }) => value.raw).join(' $ '));
      }
    },
    CallExpression: (node) => {
      const [first] = node.arguments;
      if (first?.type !== 'Literal' || typeof first.value !== 'string') return;
      if (isNamed(node.callee, 'pgSchema') && first.value !== own) refuse(node, first.value);
      if (['raw', 'unsafe'].includes(memberName(node.callee) ?? '')) checkText(node, first.value);
    },
  };
});
