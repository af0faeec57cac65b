import type { ChildProcess } from 'node:child_process';

import { raceManagers } from '#kernel/schedules/testing/race-managers.ts';
import { test } from '#test/database.ts';

test(
  'three managers with wrong clocks, 20 of them killed: each slot fires once, none is lost',
  { timeout: 600_000 },
  async ({ databaseUrl, sql, onTestFinished }) => {
    const children = new Set<ChildProcess>();
    onTestFinished(() => children.forEach((child) => child.kill('SIGKILL')));
    await raceManagers({ databaseUrl, sql, children }, 20);
  },
);
