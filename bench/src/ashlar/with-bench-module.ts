import { randomUUID } from 'node:crypto';
import { z } from 'zod';

import { printFailure } from '../../../src/app/print-failure.ts';
import type { OpenPart } from '../../../src/app/role.ts';
import { roles } from '../../../src/app/roles.ts';
import { serve } from '../../../src/app/serve.ts';
import type { Actor } from '../../../src/kernel/actor.ts';
import { kernelError } from '../../../src/kernel/error.ts';
import { type ExitCode, exitCodeOf } from '../../../src/kernel/lifecycle.ts';
import type { Module } from '../../../src/kernel/module.ts';
import { userAction } from '../../../src/kernel/usecase.ts';
import { confirmOrder, order } from '../peers/order.ts';
import { BENCH_LOGIN } from '../workloads.ts';

// The same program with one module more: Ashlar has no POST of its own that is cheap enough to show what the chain,
// the validation and the answer cost.
const createOrder = userAction({
  operationId: 'create-order',
  summary: 'Confirm an order',
  access: 'POST /api/v1/bench/orders',
  actors: 'anonymous',
  permissions: [],
  input: order,
  output: z.object({ customer: z.string(), city: z.string(), quantity: z.int(), tags: z.int() }),
  errors: {},
  execute: (_ctx, input) => Promise.resolve(confirmOrder(input)),
});

/** An authenticated read that reads nothing itself: the session's statement is the only one. */
const getWhoami = userAction({
  operationId: 'get-whoami',
  summary: 'Tell whose session this is',
  access: 'GET /api/v1/bench/whoami',
  actors: ['admin'],
  permissions: ['bench:read-whoami'],
  input: z.object({}),
  output: z.object({ id: z.uuid(), type: z.string(), login: z.string(), isSuperuser: z.boolean() }),
  errors: {},
  execute: ({ actor }) => {
    if (actor === null) throw new Error('the session layer let nobody through');
    return Promise.resolve({ id: actor.id, type: actor.type, login: BENCH_LOGIN, isSuperuser: actor.isSuperuser });
  },
});

const benchModule: Module<null> = { name: 'bench', portal: null, usecases: [createOrder, getWhoami] };

/** With BENCH_TOKEN a Map says who acts, as in the peers: then the chain itself is measured, without the session's statement. */
const withKnownTokens = <S extends { resolve(bearer: string): Promise<Actor> }>(sessions: S): S => {
  const token = process.env['BENCH_TOKEN'];
  if (token === undefined) return sessions;
  const known = new Map([[token, createRoot()]]);
  const resolve = (bearer: string): Promise<Actor> => {
    const actor = known.get(bearer);
    return actor === undefined ? Promise.reject(kernelError('UNAUTHENTICATED')) : Promise.resolve(actor);
  };
  return { ...sessions, resolve };
};

const createRoot = (): Actor => ({
  type: 'admin',
  id: randomUUID(),
  sessionId: randomUUID(),
  credentialId: null,
  method: 'session',
  isSuperuser: true,
  restriction: null,
  authenticatedAt: new Date(),
  permissions: new Set(),
});

const run = async (): Promise<ExitCode> => {
  const whole = roles.find(({ name }) => name === 'run-all-in-one');
  if (whole === undefined)
    throw new Error('Ashlar has no role run-all-in-one: say in bench/src/ashlar/with-bench-module.ts what runs');
  const parts = whole.parts.map((load) => async (): Promise<OpenPart> => {
    const openPart = await load();
    return (app, role, lifecycle) =>
      openPart({ ...app, sessions: withKnownTokens(app.sessions), modules: [...app.modules, benchModule] }, role, lifecycle);
  });
  return serve({ ...whole, parts }, {});
};

process.exitCode = await run().catch((thrown: unknown) => {
  printFailure(thrown);
  return exitCodeOf(thrown);
});
