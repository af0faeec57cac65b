import type { CommandDescription } from '#kernel/commands/describe.ts';
import { executeCommand } from '#kernel/commands/execute.ts';
import type { Typed } from '#kernel/commands/mount.ts';
import { createProcessTerminal } from '#kernel/commands/terminal.ts';
import { createLifecycle, type ExitCode, type Lifecycle, waitForStop } from '#kernel/lifecycle.ts';
import type { ManualCommand } from '#kernel/usecase.ts';
import { type App, createApp, startModules } from './app.ts';
import { loadAppConfig } from './config.ts';
import { openKernel } from './open-kernel.ts';
import { printFailure } from './print-failure.ts';
import { root } from './release.ts';
import { listCommands, type ModuleUseCase } from './usecases.ts';

/** Runs a one-off command: opens no more than it requires, and never an HTTP server. */
export const runCommand = async (command: CommandDescription, typed: Typed): Promise<ExitCode> => {
  const interrupted = new AbortController();
  void waitForStop().then(({ reason }) => interrupted.abort(reason));
  const lifecycle = createLifecycle();
  try {
    const app = await open(command, lifecycle);
    const { module, usecase: head } = findCommand(app, command.operation);
    const { runner } = app.kernel;
    return await executeCommand({
      module,
      head,
      typed,
      runner,
      terminal: createProcessTerminal(),
      signal: interrupted.signal,
    });
  } finally {
    await lifecycle.close({ deadlineSeconds: 10, report: ({ err }) => printFailure(err) });
  }
};

const open = async ({ requires }: CommandDescription, lifecycle: Lifecycle): Promise<App> => {
  const loaded = loadAppConfig({ root });
  const { kernel, installation } = await openKernel(lifecycle, { loaded, role: 'command', requires });
  const app = createApp(kernel, loaded.config, installation);
  if (requires === 'migrations') await startModules(app, lifecycle);
  return app;
};

const findCommand = (app: App, operation: string): ModuleUseCase<ManualCommand> => {
  const found = listCommands(app).find(({ module, usecase }) => `${module}.${usecase.operationId}` === operation);
  if (found) return found;
  throw new Error(`the table of commands names ${operation}, which no module has: run npm run gen`);
};
