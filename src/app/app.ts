import type { Kernel } from '#kernel/kernel.ts';
import type { Lifecycle } from '#kernel/lifecycle.ts';
import type { Module } from '#kernel/module.ts';
import { defineSchedules } from '#kernel/schedules/schedule-definition.ts';
import { createTaskRetention } from '#kernel/tasks/task-retention.ts';
import { kernelSealedTables } from '#kernel/secrets/kernel-tables.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import { createAuthModule } from '#modules/auth/module.ts';
import type { Installation } from '#modules/platform/deps.ts';
import { createPlatformModule } from '#modules/platform/module.ts';
import { type PlatformPortal, taskResultRetentionDays } from '#portals/platform.ts';
import type { AppConfig } from './config.ts';
import { listTasks } from './usecases.ts';

export type App = {
  readonly kernel: Kernel;
  readonly config: AppConfig;
  readonly modules: readonly Module<unknown>[];
  readonly platform: PlatformPortal;
  readonly sessions: ReturnType<typeof createAuthModule>['sessions'];
};

/** Puts Ashlar together: each module is built from the kernel and the portals of those above it; a cycle does not compile. */
export const createApp = (kernel: Kernel, config: AppConfig, installation: Installation): App => {
  const platform = createPlatformModule({
    kernel,
    publicUrl: config.http.publicUrl,
    alerting: config.alerting,
    dataDirectory: config.dataDirectory,
    mail: config.mail,
    installation,
    listMailTemplates: () => modules.flatMap(({ mailTemplates = [] }) => mailTemplates),
    listSchemas: () => Object.assign({}, ...modules.map(({ schema }) => schema)),
    listSchedules: () => defineSchedules(listTasks({ modules }), config.platform.timeZone),
    listSealedTables: () => listSealedTables({ modules }),
    findSecretUses: (name) => findUses(modules, name),
    listSettings: () => modules.flatMap(({ settings = [] }) => settings),
    listModules: () => modules,
  });
  const { resultRetentionDays } = config.tasks;
  kernel.retention.add(
    createTaskRetention(() => platform.portal.getSetting(taskResultRetentionDays) ?? resultRetentionDays),
  );
  const auth = createAuthModule({ kernel, config: config.auth });
  const modules: readonly Module<unknown>[] = [platform, auth];

  return { kernel, config, modules, platform: platform.portal, sessions: auth.sessions };
};

/** Starts the modules in the order in which they were built; the lifecycle stops them in reverse. */
export const startModules = async ({ kernel, modules }: App, lifecycle: Lifecycle): Promise<void> => {
  // Nobody may have run for longer than partitions were made ahead.
  await kernel.retention.createPartitions();
  for (const { name, start, stop } of modules) {
    await lifecycle.open(
      name,
      () => start?.(),
      () => stop?.(),
    );
  }
};

/** Whatever is missing here cannot be opened after the master key has changed. */
export const listSealedTables = ({ modules }: Pick<App, 'modules'>): readonly SealedTable[] => [
  ...kernelSealedTables,
  ...modules.flatMap(({ sealed = [] }) => sealed),
];

const findUses = async (modules: readonly Module<unknown>[], name: string): Promise<readonly string[]> => {
  const uses = await Promise.all(modules.map(async ({ findSecretUses }) => (await findSecretUses?.(name)) ?? []));
  return uses.flat();
};
