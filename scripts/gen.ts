import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describeApp } from '#app/describe-app.ts';
import { release } from '#app/release.ts';
import { listCommands, listUserActions } from '#app/usecases.ts';
import { describeCommand } from '#kernel/commands/describe.ts';
import { createOpenApi } from '#kernel/http/openapi.ts';

/** Writes what follows from the heads; with `--check` only says whether that would change anything. */
const root = join(import.meta.dirname, '..');
const app = await describeApp();

const files: Readonly<Record<string, unknown>> = {
  'src/app/gen/commands.json': listCommands(app).map(({ module, usecase }) => describeCommand(module, usecase)),
  'docs/gen/openapi.json': createOpenApi(listUserActions(app), { title: 'Ashlar', version: release }),
};

const read = (path: string): string | null => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The first time it is not there.
    return null;
  }
};

for (const [file, value] of Object.entries(files)) {
  const path = join(root, file);
  const text = `${JSON.stringify(value, null, 2)}\n`;
  if (read(path) === text) continue;
  if (process.argv.includes('--check')) {
    process.stderr.write(`${file} does not follow from the heads of the use cases: run npm run gen\n`);
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    process.stdout.write(`wrote ${file}\n`);
  }
}
