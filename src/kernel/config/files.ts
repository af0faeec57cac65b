import { readFileSync, statSync } from 'node:fs';

/** The text of a file, or the system's word for why not (`ENOENT`, `EACCES`, …). */
type FileText = { readonly text: string; readonly failure: null } | { readonly text: null; readonly failure: string };

export const readTextFile = (path: string): FileText => {
  try {
    return { text: readFileSync(path, 'utf8'), failure: null };
  } catch (thrown) {
    if (!(thrown instanceof Error && 'code' in thrown)) throw thrown;
    return { text: null, failure: String(thrown.code) };
  }
};

/** True if users other than its owner and group may read the file; false if there is none. */
export const isOpenToAll = (path: string): boolean =>
  ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o004) !== 0;
