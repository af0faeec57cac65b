import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createChildren } from './host/children.ts';
import { parsePlatformOptions, platformUsage } from './platform/platform-options.ts';
import { runPlatformBench } from './run-platform-bench.ts';

const options = parsePlatformOptions(process.argv.slice(2));
if (options === null) {
  process.stdout.write(platformUsage);
} else {
  const directory = mkdtempSync(join(tmpdir(), 'ashlar-bench-'));
  const children = createChildren();
  const cleanUp = async (): Promise<void> => {
    await children.stopAll();
    rmSync(directory, { recursive: true, force: true });
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => void cleanUp().finally(() => process.exit(130)));
  }
  try {
    const isWhole = await runPlatformBench({ options, children, directory, benchRoot: join(import.meta.dirname, '..') });
    process.exitCode = isWhole ? 0 : 1;
  } finally {
    await cleanUp();
  }
}
