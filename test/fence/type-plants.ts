/** Code that the compiler must refuse, with the number of its complaint, by the option that makes it do so. */
export type TypePlant = { readonly option: string; readonly code: string; readonly complaint: string };

export const typePlants: readonly TypePlant[] = [
  { option: 'strict', code: 'export const length = (text: string | null) => text.length;', complaint: 'TS18047' },
  { option: 'strict', code: 'export const same = (value) => value;', complaint: 'TS7006' },
  {
    option: 'noUncheckedIndexedAccess',
    code: 'export const first = (list: readonly string[]): string => list[0];',
    complaint: 'TS2322',
  },
  {
    option: 'exactOptionalPropertyTypes',
    code: 'export const stone: { weight?: number } = { weight: undefined };',
    complaint: 'TS2375',
  },
  {
    option: 'noImplicitOverride',
    code: 'class Stone {\n  lay() {}\n}\nexport class Keystone extends Stone {\n  lay() {}\n}',
    complaint: 'TS4114',
  },
  {
    option: 'noImplicitReturns',
    code: 'export const sign = (n: number) => {\n  if (n > 0) return 1;\n};',
    complaint: 'TS7030',
  },
  {
    option: 'noPropertyAccessFromIndexSignature',
    code: 'export const weight = (stones: Record<string, number>) => stones.granite;',
    complaint: 'TS4111',
  },
  {
    option: 'noFallthroughCasesInSwitch',
    code: 'export const grow = (n: number) => {\n  let sum = 0;\n  switch (n) {\n    case 1:\n      sum += 1;\n    case 2:\n      sum += 2;\n  }\n  return sum;\n};',
    complaint: 'TS7029',
  },
  {
    option: 'verbatimModuleSyntax',
    code: "import { PathLike } from 'node:fs';\nexport const same = (path: PathLike) => path;",
    complaint: 'TS1484',
  },
  { option: 'erasableSyntaxOnly', code: 'export enum Kind {\n  Granite,\n}', complaint: 'TS1294' },
  {
    option: 'erasableSyntaxOnly',
    code: 'export namespace Quarry {\n  export const depth = 1;\n}',
    complaint: 'TS1294',
  },
  {
    option: 'erasableSyntaxOnly',
    code: 'export class Stone {\n  constructor(readonly weight: number) {}\n}',
    complaint: 'TS1294',
  },
  { option: 'allowImportingTsExtensions', code: "import './strict-0';\nexport {};", complaint: 'TS2835' },
];
