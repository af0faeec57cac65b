import { sealedKeyTable } from '../audit/keys.ts';
import { sealedAnswerTable } from '../idempotency/kept-answer.ts';
import type { SealedTable } from './sealed-table.ts';

/** Where the kernel itself keeps sealed values, but for the root secret, with which each rotation begins. */
export const kernelSealedTables: readonly SealedTable[] = [sealedKeyTable, sealedAnswerTable];
