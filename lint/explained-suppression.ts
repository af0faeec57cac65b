import type { Rule } from './rule.ts';

const suppression = /^[\s*]*(?:(?:oxlint|eslint)-disable|@ts-|oxfmt-ignore|prettier-ignore|(?:v8|c8|istanbul) ignore)/;
const blanket = /^[\s*]*(?:oxlint|eslint)-disable(?:-line|-next-line)?\s*(?:--|$)/;

/**
 * What this prevents: a suppression that outlives what it was for, because nobody remembers what that was; and one
 * without a rule's name, which silences the next ten mistakes too.
 */
export const explainedSuppression: Rule = {
  create: (context) => ({
    Program: () => {
      for (const comment of context.sourceCode.getAllComments()) {
        if (!suppression.test(comment.value)) continue;
        const reason = comment.value.split(' -- ')[1] ?? '';
        const message = blanket.test(comment.value)
          ? 'Name the rule that is suppressed.'
          : reason.trim().length < 10
            ? 'Give the reason: `-- why it is right here`.'
            : null;
        // A directive would silence a report at its own place.
        if (message !== null)
          context.report({
            loc: { start: { line: 1, column: 0 }, end: { line: 1, column: 1 } },
            message: `Line ${comment.loc.start.line}: ${message}`,
          });
      }
    },
  }),
};
