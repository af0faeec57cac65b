import { test } from '#kernel/idempotency/testing/keyed-test.ts';
import { repeatRequests } from '#kernel/idempotency/testing/repeat-requests.ts';

test(
  'changes are asked for 10,000 times, in races and while processes are killed: each is made once',
  { timeout: 400_000 },
  async ({ databaseUrl, effects }) => {
    await repeatRequests({ databaseUrl, listEffects: effects.list }, { changes: 3_334, kills: 30 });
  },
);
