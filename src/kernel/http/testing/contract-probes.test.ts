import { expect, test } from 'vitest';
import { z } from 'zod';

import type { ServedAction } from '../action-route.ts';
import { type ContractProbe, listContractProbes } from './contract-probes.ts';
import { action, actorOf, createFixture, echo, jsonOf } from './fixture.ts';

const guarded = action({
  operationId: 'guarded',
  access: 'PUT /api/v1/things/{id}',
  actors: ['admin'],
  permissions: ['probe:a', 'probe:b'],
  input: z.object({ id: z.uuid(), name: z.string() }),
  output: null,
  execute: async () => undefined,
});
const actions = [guarded, echo('POST /api/v1/echo'), echo('GET /api/v1/echo')];
const limitBytes = 65_536;

const answerTo = async (
  usecases: readonly ServedAction[],
  { method, target, credential, headers, body }: ContractProbe,
) => {
  const permissions = new Set(credential.kind === 'actor' ? credential.permissions : []);
  const { send } = await createFixture(usecases, { actors: { known: actorOf({ permissions }) } });
  const token = { none: null, garbage: 'Bearer garbage', actor: 'Bearer known' }[credential.kind];
  const answer = await send(target, { method, headers: { ...headers, ...(token && { authorization: token }) }, body });
  return { status: answer.status, code: (await jsonOf(answer))['code'] };
};

test.each(listContractProbes(actions, limitBytes).map((probe) => [probe.promise, probe] as const))(
  '%s',
  async (_promise, probe) => {
    expect(await answerTo(actions, probe)).toEqual(probe.expected);
  },
);

test('probes find an action that forgot its permission', async () => {
  const open = { ...guarded, usecase: { ...guarded.usecase, permissions: [] } };
  const probe = listContractProbes([guarded], limitBytes).find(({ promise }) =>
    promise.endsWith('to an actor without probe:b'),
  );

  expect(probe && (await answerTo([open], probe))).not.toEqual(probe?.expected);
});
