import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { count, type Report } from './count.ts';

/**
 * Runs every test and ends with `N passed, N failed` alone on the last line. It stands outside of vitest, so that the
 * line is there and honest when vitest itself dies.
 */
const folder = mkdtempSync(join(tmpdir(), 'ashlar-test-'));
const reportFile = join(folder, 'report.json');
const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`];

const program = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const vitest = spawn(process.execPath, [program, 'run', ...reporters, ...process.argv.slice(2)], { stdio: 'inherit' });
// The terminal sends it to vitest as well, which stops by itself.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => vitest.kill('SIGTERM'));

const readReport = (): Report | null => {
  try {
    return JSON.parse(readFileSync(reportFile, 'utf8'));
  } catch {
    // Vitest died before it could write one, which counts as a failure.
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

vitest.on('error', (thrown) => process.stderr.write(`could not start vitest: ${thrown.message}\n`));
vitest.on('close', (code) => {
  const { passed, failed, skipped } = count(readReport(), code);
  if (skipped > 0) process.stdout.write(`${skipped} SKIPPED: each says why above\n`);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
});
