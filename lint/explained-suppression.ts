import type { Rule } from './rule.ts';

const suppression = /^[\s*]*(?:(?:oxlint|eslint)-disable|@ts-|oxfmt-ignore|prettier-ignore|(?:v8|c8|istanbul) ignore)/;
const blanket = /^[\s*]*(?:oxlint|eslint)-disable(?:-line|-next-line)?\s*(?:--|$)/;
const ofItsLine = /^[\s*]*(?:oxlint|eslint)-disable-line/;

/**
 * What this prevents: a suppression that outlives what it was for, because nobody remembers what that was; and one
 * without a rule's name, which silences the next ten mistakes too.
 */
export const explainedSuppression: Rule = {
  create: (context) => ({
    Program: () => {
      for (const { value, loc } of context.sourceCode.getAllComments()) {
        const complaint = complaintAbout(value);
        if (complaint === null) continue;
        // A directive silences a report at its own place: the first line is out of reach of all but its own.
        const line = ofItsLine.test(value) && loc.start.line === 1 ? 2 : 1;
        const place = { line, column: 0 };
        context.report({ loc: { start: place, end: place }, message: `Line ${loc.start.line}: ${complaint}` });
      }
    },
  }),
};

const complaintAbout = (comment: string): string | null => {
  if (!suppression.test(comment)) return null;
  if (blanket.test(comment)) return 'Name the rule that is suppressed.';
  const [, reason = ''] = comment.split(' -- ');
  return reason.trim().length < 10 ? 'Give the reason: `-- why it is right here`.' : null;
};
