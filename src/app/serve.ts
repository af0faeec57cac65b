import { createLifecycle, type ExitCode, type Lifecycle, waitForStop } from '#kernel/lifecycle.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import { createApp, startModules } from './app.ts';
import { type AppConfig, loadAppConfig } from './config.ts';
import { openKernel } from './open-kernel.ts';
import { printFailure } from './print-failure.ts';
import { root } from './release.ts';
import type { Role } from './role.ts';

/** Runs a role until it is told to stop, then closes everything in the reverse order of its start. */
export const serve = async (role: Role, flags: Readonly<Record<string, string>>): Promise<ExitCode> => {
  const stop = waitForStop();
  const loaded = loadAppConfig({ root, flags });
  const deadlineSeconds = stopSeconds(loaded.config.shutdown);
  const lifecycle = createLifecycle();
  try {
    const log = await start(role, loaded, lifecycle);
    const { reason, error } = await stop;
    log[error ? 'fatal' : 'info']({ reason, ...(error && { err: error }) }, 'stopping');
    const isClean = await lifecycle.close({
      deadlineSeconds,
      report: ({ part, err }) => log.error({ part, err }, 'could not be closed'),
    });
    return isClean && !error ? 0 : 1;
  } catch (thrown) {
    await lifecycle.close({ deadlineSeconds, report: ({ err }) => printFailure(err) });
    throw thrown;
  }
};

/** Requests have `deadlineSeconds` after the delay; what closes after them has a little more. */
const stopSeconds = ({ delaySeconds, deadlineSeconds }: AppConfig['shutdown']): number =>
  delaySeconds + deadlineSeconds + 5;

/** Config is loaded; then log, traces, database, migrations (the kernel), modules, and the parts of the role. */
const start = async (role: Role, loaded: ReturnType<typeof loadAppConfig>, lifecycle: Lifecycle): Promise<Logger> => {
  const { kernel, installation } = await openKernel(lifecycle, { loaded, role: role.name, requires: 'migrations' });
  const app = createApp(kernel, loaded.config, installation);
  await startModules(app, lifecycle);
  kernel.audit.start();
  for (const load of role.parts) {
    const openPart = await load();
    await openPart(app, role, lifecycle);
  }
  return kernel.log;
};
