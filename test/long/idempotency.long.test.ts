import { test } from '#kernel/idempotency/testing/keyed-test.ts';
import { repeatRequests } from '#kernel/idempotency/testing/repeat-requests.ts';
import { scaled } from './scale.ts';

const changes = scaled(3_334);

test(
  `changes are asked for ${3 * changes} times, in races and while processes are killed: each is made once`,
  { timeout: 400_000 },
  async ({ databaseUrl, effects }) => {
    await repeatRequests({ databaseUrl, listEffects: effects.list }, { changes, kills: scaled(30) });
  },
);
