import type { Db } from '../database/database.ts';
import { countDeadEvents, countDeadTasks } from '../database/facts.ts';
import { type Finding, reportOn } from './finding.ts';

/** What gave up, and waits for a person. */
export const examineWork = async (db: Db): Promise<readonly Finding[]> => {
  const { ok, warning } = reportOn('dead-work');
  const [tasks, events] = [(await countDeadTasks(db)) ?? 0, (await countDeadEvents(db)) ?? 0];
  const findings = [
    ...(tasks === 0
      ? []
      : [warning(`${tasks} tasks are dead`, 'see ./ashlar tasks list --state dead, then retry or purge them')]),
    ...(events === 0
      ? []
      : [warning(`${events} events are dead`, 'see ./ashlar events lag, then retry or discard them')]),
  ];
  return findings.length === 0 ? [ok('nothing is dead')] : findings;
};
