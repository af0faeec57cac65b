import { setTimeout as delay } from 'node:timers/promises';

import { sql } from 'drizzle-orm';

import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { buildTask, openTaskApp } from './open-task-app.ts';

const makeEffect = prepared(
  'test.make-effect',
  (_db, value: Slots<{ taskId: string; groupKey: string; n: number }>) => sql`
    insert into public.effects (task_id, group_key, n) values (${value.taskId}, ${value.groupKey}, ${value.n})`,
);

/** Tasks whose effect is one row, made in the transaction that ends them. Somebody kills this process meanwhile. */
const [url = ''] = process.argv.slice(2);
const app = await openTaskApp(url);
const { usecase } = buildTask(
  'effect',
  // Deaths count as attempts, and here nobody may run out of them.
  { queue: 'kill', retry: { attempts: 1_000, baseDelaySeconds: 0.01 } },
  async (ctx, { n, group = '' }) => {
    await delay(Math.random() * 5, null, { signal: ctx.signal });
    await ctx.transaction(async (tx) => {
      await makeEffect(tx, { taskId: ctx.taskId, groupKey: String(group), n: Number(n) });
      await ctx.completeIn(tx);
    });
  },
);
app.work([usecase]);
process.send?.('working');
