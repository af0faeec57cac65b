import { createLifecycle } from '#kernel/lifecycle.ts';
import { type App, createApp } from './app.ts';
import { loadAppConfig } from './config.ts';
import { openKernel } from './open-kernel.ts';
import { root } from './release.ts';

/** The app as this release would run it, with nothing opened: for what is generated from its heads, and for tests. */
export const describeApp = async (): Promise<App> => {
  const loaded = loadAppConfig({ root, env: { APP_ENV: 'test', ASHLAR_LOGGER__LEVEL: 'silent' } });
  const { kernel, installation } = await openKernel(createLifecycle(), {
    loaded,
    role: 'describe',
    requires: 'config',
  });
  return createApp(kernel, loaded.config, installation);
};
