import { describeApp } from '#app/describe-app.ts';
import { listUserActions } from '#app/usecases.ts';
import { test } from '#test/app.ts';
import { fuzzAction } from '#test/fuzz-action.ts';

const actions = listUserActions(await describeApp());

test.for(actions.map(({ module, usecase }) => [`${module}.${usecase.operationId}`, usecase] as const))(
  '%s answers whatever it is given without a 5xx and without a stack',
  { timeout: 60_000 },
  ([, action], { app }) => fuzzAction(app, action, { numRuns: 100, seed: 20_261_121 }),
);
