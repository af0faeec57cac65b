import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import type { Files } from './use-case-files.ts';

const root = join(import.meta.dirname, '..', '..');

export const readProject = (path: string): string | null =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : null;

/** Writes the files in the project's format, then what is generated from them. */
export const writeFiles = (files: Files): void => {
  for (const [path, text] of Object.entries(files)) {
    process.stdout.write(`${existsSync(join(root, path)) ? 'changed' : 'wrote  '} ${path}\n`);
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const code = Object.keys(files).filter((path) => path.endsWith('.ts'));
  execFileSync('oxfmt', code, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  execFileSync(process.execPath, ['scripts/gen.ts'], { cwd: root, stdio: 'inherit' });
};

/** Runs a script's body; what it refuses is one line, exit code 2. */
export const refusing = (usage: string, body: () => void): void => {
  try {
    body();
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n${usage}\n`);
    process.exitCode = 2;
  }
};
