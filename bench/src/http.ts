import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createChildren } from './host/children.ts';
import { stopStrayPostmasters } from './host/stray-postmasters.ts';
import { parseOptions, usage } from './options.ts';
import { runHttpBench } from './run-http-bench.ts';

const options = parseOptions(process.argv.slice(2));
if (options === null) {
  process.stdout.write(usage);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'ashlar-bench-'));
  const children = createChildren();
  const cleanUp = async (): Promise<void> => {
    await children.stopAll();
    await stopStrayPostmasters(directory);
    rmSync(directory, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const isWhole = await runHttpBench({ options, children, directory, benchRoot: join(import.meta.dirname, '..') });
    process.exitCode = isWhole ? 0 : 1;
  } finally {
    await cleanUp();
  }
}
