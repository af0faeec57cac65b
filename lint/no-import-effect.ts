import { ancestorsOf, type Node, ruleFor } from './rule.ts';

/**
 * What this prevents: work that is done because a file was imported. `--help` opens a database, a test of one rule
 * starts a timer, and the order of imports decides what the program does.
 */
export const noImportEffect = ruleFor(/\/src\/(?!main\.ts$)/, (context) => {
  const refuse = (node: Node) =>
    context.report({ node, message: 'Importing a file does nothing: put this into a function.' });
  return {
    Program: ({ body }) => {
      for (const statement of body) {
        if (
          /^(?:Expression|If|For|ForOf|ForIn|While|DoWhile|Try|Throw|Switch|Block|Labeled)Statement$/.test(
            statement.type,
          )
        ) {
          refuse(statement);
        }
      }
    },
    AwaitExpression: (node) => {
      const isInFunction = ancestorsOf(node).some(({ type }) => /Function/.test(type));
      // As a statement of its own it is reported above.
      if (!isInFunction && node.parent.type !== 'ExpressionStatement') refuse(node);
    },
  };
});
