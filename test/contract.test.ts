import { expect } from 'vitest';
import { z } from 'zod';

import { createHttp } from '#app/create-http.ts';
import { describeApp } from '#app/describe-app.ts';
import { anonymous, permissionFree } from '#app/permission-free.ts';
import { listUserActions } from '#app/usecases.ts';
import { kernelError } from '#kernel/error.ts';
import { type ContractProbe, listContractProbes } from '#kernel/http/testing/contract-probes.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';

const described = await describeApp();
const actions = listUserActions(described);
const probes = listContractProbes(actions, described.config.http.bodyLimitBytes);

const problem = z.object({ code: z.string(), traceId: z.string().regex(/^[0-9a-f]{32}$/), status: z.int() });

/** What the whole app answers; the resolver stands for sessions with exactly the permissions that a probe asks for. */
const answerTo = async (app: TestApp, { method, target, credential, headers, body }: ContractProbe) => {
  const actor =
    credential.kind === 'actor'
      ? buildActor({ type: credential.type, isSuperuser: false, permissions: new Set(credential.permissions) })
      : null;
  const resolve = () => (actor ? Promise.resolve(actor) : Promise.reject(kernelError('UNAUTHENTICATED')));
  const http = createHttp({ ...app, sessions: { resolve } }, { modules: 'all' });
  const authorization = credential.kind === 'none' ? {} : { authorization: 'Bearer probe' };
  const url = new URL(target, app.config.http.publicUrl);
  const response = await http.fetch(new Request(url, { method, headers: { ...headers, ...authorization }, body }));
  expect(response.headers.get('content-type')).toBe('application/problem+json');
  const { status, code } = problem.parse(await response.json());
  expect(status).toBe(response.status);
  return { status, code };
};

test.for(probes.map((probe) => [probe.promise, probe] as const))('%s', async ([, probe], { app }) => {
  expect(await answerTo(app, probe)).toEqual(probe.expected);
});

const operations = actions.map(({ module, usecase }) => ({ operation: `${module}.${usecase.operationId}`, usecase }));

test('exactly the listed operations read no credential', () => {
  const found = operations.filter(({ usecase }) => usecase.actors === 'anonymous').map(({ operation }) => operation);
  expect(found.toSorted()).toEqual(anonymous.toSorted());
});

test('exactly the listed operations need a session and no permission', () => {
  const found = operations
    .filter(({ usecase }) => usecase.actors !== 'anonymous' && usecase.permissions.length === 0)
    .map(({ operation }) => operation);
  expect(found.toSorted()).toEqual(permissionFree.toSorted());
});
