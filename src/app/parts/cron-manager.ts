import { openCronManager } from '#kernel/schedules/cron-manager.ts';
import { defineSchedules } from '#kernel/schedules/schedule-definition.ts';
import type { OpenPart } from '../role.ts';
import { listTasks } from '../usecases.ts';

/** Follows the schedules of every module. */
export const openCronManagerPart: OpenPart = async (app, _role, lifecycle) => {
  const { kernel, config } = app;
  const { database, tasks, log } = kernel;
  const schedules = defineSchedules(listTasks(app), config.platform.timeZone);
  await lifecycle.open(
    'cron manager',
    () => openCronManager({ database, tasks, log, schedules, random: Math.random }),
    (manager) => manager.close(),
  );
};
