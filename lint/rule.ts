import type { RuleTester } from 'oxlint/plugins-dev';

/** oxlint names these types only in the signature of its tester. */
export type Rule = Exclude<Parameters<RuleTester['run']>[1], { createOnce: unknown }>;
export type Context = Parameters<Rule['create']>[0];
export type Visitor = ReturnType<Rule['create']>;
export type Node = Parameters<NonNullable<Visitor['CallExpression']>>[0]['parent'];

const beside = /\.test\.ts$|\/testing\//;

/** A rule for the files whose path fits, tests and what they bring along excepted. */
export const ruleFor = (path: RegExp, create: (context: Context, match: RegExpExecArray) => Visitor): Rule => ({
  create: (context) => {
    const match = path.exec(context.filename);
    return match === null || beside.test(context.filename) ? {} : create(context, match);
  },
});

/** `transaction` of `ctx.transaction(fn)`, `now` of `Date['now']()`; null if it is computed or no member at all. */
export const memberName = (node: Node): string | null => {
  if (node.type !== 'MemberExpression') return null;
  if (!node.computed && node.property.type === 'Identifier') return node.property.name;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : null;
};

/** From the outermost to the parent. */
export const ancestorsOf = (node: Node): readonly Node[] =>
  node.parent === null ? [] : [...ancestorsOf(node.parent), node.parent];

export const isNamed = (node: Node, name: string): boolean => node.type === 'Identifier' && node.name === name;
