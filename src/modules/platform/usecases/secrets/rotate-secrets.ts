import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/rotate-secrets.md */
export const rotateSecrets = ({ kernel: { rotation, secrets }, listSealedTables }: PlatformDeps) =>
  manualCommand({
    operationId: 'rotate-secrets',
    summary: 'Replace the master key while everything runs, or finish doing so',
    usage: 'secrets rotate',
    input: z.object({ dryRun: z.boolean().default(false).describe('only say what would be done') }),
    output: z.object({
      outcome: z.enum(['begun', 'resumed']),
      keyId: z.string(),
      rewrapped: z.int(),
      behind: z.array(z.string()),
      unreadable: z.array(z.object({ table: z.string(), id: z.string(), version: z.int() })),
      dryRun: z.boolean(),
    }),
    errors: { NEW_MASTER_KEY_NEEDED: 'conflict', PROCESSES_WITHOUT_KEY: 'conflict' },
    confirm: ({ dryRun }) => (dryRun ? 'Look what there is to do?' : 'Replace the master key?'),
    render: (output) => (output.dryRun ? renderPlan(output) : renderResult(output)),

    async execute(ctx, { dryRun }, fail) {
      const tables = listSealedTables();
      const unprepared = await rotation.findUnprepared();
      if (unprepared.length > 0) throw fail('PROCESSES_WITHOUT_KEY', { message: howToGiveIt(unprepared) });
      const outcome = await ctx.transaction(async (tx) => {
        const begun = dryRun ? await rotation.plan(tx, tables) : await rotation.begin(tx, tables);
        if (begun === 'no_newer_key') throw fail('NEW_MASTER_KEY_NEEDED', { message: howToGiveOne });
        if (!dryRun) await ctx.audit(tx, { subject: 'master-key', after: { rotation: begun } });
        return begun;
      });
      const done = dryRun ? { behind: [], rewrapped: 0, unreadable: [] } : await rotation.finish(tables);
      const { rewrapped, behind, unreadable } = done;
      return { outcome, keyId: secrets.keyId, rewrapped, behind: [...behind], unreadable: [...unreadable], dryRun };
    },
  });

const howToGiveOne =
  'every value is under secrets.masterKey already; to replace it, give a new one as secrets.masterKey and the present one as secrets.previousMasterKey to every process, restart them, then run this again';

const howToGiveIt = (processes: readonly string[]): string =>
  `${processes.join('; ')}: without the new key, or silent; give both keys to every process, restart it, then run this again`;

type Output = {
  readonly outcome: 'begun' | 'resumed';
  readonly keyId: string;
  readonly rewrapped: number;
  readonly behind: readonly string[];
  readonly unreadable: readonly { readonly table: string; readonly id: string }[];
};

const renderPlan = ({ outcome }: Output): string =>
  outcome === 'begun' ? 'The master key would be replaced.' : 'A rotation that was not finished would be finished.';

const renderResult = ({ keyId, rewrapped, behind, unreadable }: Output): string =>
  [
    `${rewrapped} values were put under the master key ${keyId}. Keep a copy of it apart from the backups.`,
    'Backups that are older than this need the former key: keep it as long as you keep them.',
    ...behind.map((process) => `did not follow: ${process}; restart it, then run this again`),
    ...unreadable.map(({ table, id }) => `cannot be opened, and was left: ${table} ${id}`),
  ].join('\n');
