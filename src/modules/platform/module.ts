import type { Module } from '#kernel/module.ts';
import type { PlatformDeps } from './deps.ts';
import { createProcessWatch } from './logic/process-watch.ts';
import { showConfig } from './usecases/config/show-config.ts';
import { validateConfig } from './usecases/config/validate-config.ts';
import { stopDatabase } from './usecases/database/stop-database.ts';
import { getHealth } from './usecases/health/get-health.ts';
import { applyMigrations } from './usecases/migrations/apply-migrations.ts';
import { createMigration } from './usecases/migrations/create-migration.ts';
import { getMigrations } from './usecases/migrations/get-migrations.ts';
import { revertMigrations } from './usecases/migrations/revert-migrations.ts';

export const createPlatformModule = (given: Omit<PlatformDeps, 'processWatch'>): Module => {
  const processWatch = createProcessWatch();
  const deps: PlatformDeps = { ...given, processWatch };
  return {
    name: 'platform',
    portal: null,
    usecases: [
      applyMigrations(deps),
      createMigration(deps),
      getHealth(deps),
      getMigrations(deps),
      revertMigrations(deps),
      showConfig(deps),
      stopDatabase(deps),
      validateConfig(deps),
    ],
    start: () => Promise.resolve(processWatch.start()),
    stop: () => Promise.resolve(processWatch.stop()),
  };
};
