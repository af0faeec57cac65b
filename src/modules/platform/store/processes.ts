import type { Db } from '#kernel/database/database.ts';
import { listProcesses, type LivingProcess } from '#kernel/database/processes.ts';

/** The oldest first. */
export const listRunningProcesses = (db: Db): Promise<readonly LivingProcess[]> => listProcesses(db);
