import { spawn } from 'node:child_process';

/** The fence. Every part runs, so that one run names everything that is wrong. */
const parts: readonly (readonly [name: string, command: string])[] = [
  ['format', 'oxfmt --check .'],
  ['lint', 'oxlint --deny-warnings --report-unused-disable-directives'],
  ['types', 'tsc --noEmit'],
  ['boundaries', 'depcruise src'],
  ['dead code', 'knip'],
  ['generated files', 'node scripts/gen.ts --check'],
];

type Outcome = { readonly name: string; readonly isFine: boolean };

const run = (name: string, command: string): Promise<Outcome> =>
  new Promise((resolve) => {
    const startedAt = performance.now();
    const chunks: string[] = [];
    const child = spawn(command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
    }
    child.on('close', (code) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      process.stdout.write(`${code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
      if (code !== 0) process.stdout.write(`${chunks.join('').trimEnd()}\n\n`);
      resolve({ name, isFine: code === 0 });
    });
  });

const wanted = process.argv.slice(2);
const outcomes: Outcome[] = [];
for (const [name, command] of parts) {
  if (wanted.length === 0 || wanted.includes(name)) outcomes.push(await run(name, command));
}
const failed = outcomes.filter(({ isFine }) => !isFine);
if (failed.length > 0) {
  process.stderr.write(`check: ${failed.map(({ name }) => name).join(', ')} failed\n`);
  process.exitCode = 1;
}
