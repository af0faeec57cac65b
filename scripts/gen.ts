import { join } from 'node:path';

import { describeApp } from '#app/describe-app.ts';
import { release } from '#app/release.ts';
import { listUseCases } from '#app/usecases.ts';
import { describeCommand } from '#kernel/commands/describe.ts';
import { createOpenApi } from '#kernel/http/openapi.ts';
import { toPrometheusRules } from '#modules/platform/domain/prometheus-rules.ts';
import { thresholds } from '#modules/platform/domain/thresholds.ts';
import { findStale, write } from './generated.ts';

/** Writes what follows from the heads of the use cases and from the table of thresholds; with `--check` says whether that would change anything. */
const root = join(import.meta.dirname, '..');
const usecases = listUseCases(await describeApp());

const commands = usecases.flatMap(({ module, usecase }) =>
  usecase.type === 'manual_command' ? [describeCommand(module, usecase)] : [],
);
const actions = usecases.flatMap(({ module, usecase }) =>
  usecase.type === 'user_action' ? [{ module, usecase }] : [],
);

const stale = findStale(root, {
  'src/app/gen/commands.json': commands,
  'docs/gen/openapi.json': createOpenApi(actions, { title: 'Ashlar', version: release }),
  'docs/gen/alert-rules.yaml': toPrometheusRules(thresholds),
});

if (!process.argv.includes('--check')) {
  for (const { path } of write(root, stale)) process.stdout.write(`wrote ${path}\n`);
} else if (stale.length > 0) {
  const paths = stale.map(({ path }) => path).join(' and ');
  process.stderr.write(`${paths} no longer follows from the code: run npm run gen\n`);
  process.exitCode = 1;
}
