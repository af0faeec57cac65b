import type { Description } from './describe-use-case.ts';
import type { Page } from './read-page.ts';

const sections = ['Input', 'Output', 'Steps', 'Error Scenarios', 'Idempotency'];

/** Every way in which a page and the code differ, one line each. */
export const compare = (page: Page, code: Description): readonly string[] => [
  ...compareHeader(page, code),
  ...compareList('input', page.input, code.input),
  ...compareList('output', page.output, code.output),
  ...compareList('error', page.errors, code.errors),
  ...checkForm(page, code.header.get('operation-id') ?? ''),
];

const compareHeader = (page: Page, code: Description): readonly string[] =>
  [...new Set([...code.header.keys(), ...page.header.keys()])].flatMap((name) => {
    const written = page.header.get(name) ?? 'nothing';
    const meant = code.header.get(name) ?? 'nothing';
    return toSet(written) === toSet(meant) ? [] : [`${name}: the page says ${written}, the code ${meant}`];
  });

/** Lists separated by commas have no order. */
const toSet = (value: string): string => value.split(', ').toSorted().join(', ');

const compareList = (what: string, page: readonly string[], code: readonly string[]): readonly string[] => [
  ...code.filter((entry) => !page.includes(entry)).map((entry) => `${what}: the page lacks ${entry}`),
  ...page.filter((entry) => !code.includes(entry)).map((entry) => `${what}: ${complaintAbout(entry)}`),
];

const complaintAbout = (entry: string): string =>
  entry.startsWith('- ') ? `not of the form in docs/how-to/add-a-use-case.md: ${entry}` : `the code lacks ${entry}`;

const checkForm = (page: Page, operationId: string): readonly string[] => {
  const title = operationId.replaceAll('-', ' ');
  return [
    ...(page.title?.toLowerCase() === title ? [] : [`the title is ${page.title}, not ${title}`]),
    ...(page.lead === '' ? ['no sentence says what it does'] : []),
    ...(page.sections.join() === sections.join()
      ? []
      : [`the sections are ${page.sections.join(', ')}, not ${sections.join(', ')}`]),
    ...page.empty.map((section) => `${section} says nothing`),
    ...(page.steps === 0 ? ['no step is numbered'] : []),
  ];
};
