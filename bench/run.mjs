// Runs on whatever Node the machine has: it only makes sure that everything is installed and hands over to the pinned one.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bench = dirname(fileURLToPath(import.meta.url));
const project = dirname(bench);

for (const directory of [project, bench]) {
  if (existsSync(join(directory, 'node_modules/.package-lock.json'))) continue;
  process.stderr.write(`installing the dependencies of ${directory}\n`);
  const { status } = spawnSync('npm', ['ci', '--ignore-scripts'], { cwd: directory, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    process.stderr.write(`\`npm ci --ignore-scripts\` failed in ${directory}: see above, then try again\n`);
    process.exit(1);
  }
}

const child = spawn(join(project, 'node_modules/.bin/node'), process.argv.slice(2), { cwd: bench, stdio: 'inherit' });
// The child cleans up and decides how it ends.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('exit', (code, signal) => process.exit(signal === null ? code : 1));
