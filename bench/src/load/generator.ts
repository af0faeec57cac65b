import type { LoadJob } from './job.ts';
import { runLoad } from './run-load.ts';

// A process of its own, so that its CPU time is known and the runner's work does not disturb it.
process.on('message', (job) => {
  runLoad(job as LoadJob).then(
    (result) => process.send?.({ result }),
    (error: unknown) => process.send?.({ failure: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
process.stdout.write('ready\n');
