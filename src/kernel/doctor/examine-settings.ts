import type { ConfigRow } from '../config/describe.ts';
import { maskedSecret } from '../config/secret.ts';
import { type Finding, reportOn } from './finding.ts';

/** Secrets that stand in a file of the configuration: staging and production refuse them, elsewhere they are easy to forget. */
export const examineSettings = (rows: readonly ConfigRow[]): readonly Finding[] => {
  const { ok, warning } = reportOn('literal-secrets');
  // A reference to a variable or a file is named in front of the place where it stands.
  const literal = rows.filter(({ value, origin }) => value === maskedSecret && /^[^ ]+\.yaml:\d+$/.test(origin));
  if (literal.length === 0) return [ok('no secret stands in the configuration itself')];
  return literal.map(({ path, origin }) =>
    warning(
      `${path} stands in ${origin}`,
      'move it to a variable or a file, and write ${env:NAME} or ${file:/path} in its place',
    ),
  );
};
