import { isNamed, memberName, type Node, type Rule } from './rule.ts';

/**
 * What this prevents: a setting that `config show` does not list, `config validate` does not check, and that a test
 * changes for the whole process.
 */
export const noEnvironment: Rule = {
  create: (context) => {
    const refuse = (node: Node) =>
      context.report({ node, message: 'The environment is read in src/kernel/config alone: take it from the config.' });
    return {
      MemberExpression: (node) => {
        const isProcess = isNamed(node.object, 'process') || memberName(node.object) === 'process';
        if (memberName(node) === 'env' && (isProcess || node.object.type === 'MetaProperty')) refuse(node);
      },
      VariableDeclarator: (node) => {
        if (node.init !== null && isNamed(node.init, 'process') && node.id.type === 'ObjectPattern') refuse(node);
      },
      ImportDeclaration: (node) => {
        if (/^(?:node:)?process$/.test(node.source.value)) refuse(node);
      },
    };
  },
};
