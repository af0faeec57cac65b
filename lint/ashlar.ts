import { bodilessPortal } from './bodiless-portal.ts';
import { explainedAssertion } from './explained-assertion.ts';
import { explainedSuppression } from './explained-suppression.ts';
import { namedUseCase } from './named-use-case.ts';
import { noBarrel } from './no-barrel.ts';
import { noEnvironment } from './no-environment.ts';
import { noFixedSleep } from './no-fixed-sleep.ts';
import { noForeignSchema } from './no-foreign-schema.ts';
import { noImportEffect } from './no-import-effect.ts';
import { noLateHeader } from './no-late-header.ts';
import { noModuleState } from './no-module-state.ts';
import { oneTransaction } from './one-transaction.ts';
import { plainStore } from './plain-store.ts';
import { pureDomain } from './pure-domain.ts';

/** Our own rules, for oxlint. Each file is headed by the accident that it prevents. */
export default {
  meta: { name: 'ashlar' },
  rules: {
    'bodiless-portal': bodilessPortal,
    'explained-assertion': explainedAssertion,
    'explained-suppression': explainedSuppression,
    'named-use-case': namedUseCase,
    'no-barrel': noBarrel,
    'no-environment': noEnvironment,
    'no-fixed-sleep': noFixedSleep,
    'no-foreign-schema': noForeignSchema,
    'no-import-effect': noImportEffect,
    'no-late-header': noLateHeader,
    'no-module-state': noModuleState,
    'one-transaction': oneTransaction,
    'plain-store': plainStore,
    'pure-domain': pureDomain,
  },
};
