import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { createChildren } from './host/children.ts';
import { runPlatformBench } from './run-platform-bench.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    tasks: { type: 'string', default: '100000' },
    starts: { type: 'string', default: '500' },
    events: { type: 'string', default: '30000' },
    held: { type: 'string', default: '600' },
    hits: { type: 'string', default: '1000000' },
  },
});

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
  await runPlatformBench({
    children,
    directory,
    benchRoot: join(import.meta.dirname, '..'),
    rounds: Number(values.rounds),
    tasks: Number(values.tasks),
    starts: Number(values.starts),
    events: Number(values.events),
    heldSeconds: Number(values.held),
    hits: Number(values.hits),
  });
} finally {
  await cleanUp();
}
