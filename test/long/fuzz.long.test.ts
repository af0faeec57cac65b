import { describeApp } from '#app/describe-app.ts';
import { listUserActions } from '#app/usecases.ts';
import { test } from '#test/app.ts';
import { fuzzAction } from '#test/fuzz-action.ts';
import { scaled } from './scale.ts';

const actions = listUserActions(await describeApp());
const inputs = scaled(100_000);
/** Another one each time; what fails says which. */
const seed = Date.now();
/** Hashing makes a sign-in dear; the shapes of its input are soon through. */
const runsOf = (operationId: string) =>
  operationId === 'admin-login' ? 200 : Math.ceil(inputs / (actions.length - 1));

test.for(actions.map(({ module, usecase }) => [`${module}.${usecase.operationId}`, usecase] as const))(
  `%s answers its share of ${inputs} bad inputs without a 5xx and without a stack`,
  { timeout: 120_000 },
  ([, action], { app }) => fuzzAction(app, action, { numRuns: runsOf(action.operationId), seed }),
);
