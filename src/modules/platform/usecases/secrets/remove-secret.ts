import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { describeSecret, secretName } from '../../logic/named-secrets.ts';
import { deleteSecretRow, findSecretRow } from '../../store/secrets.ts';

/** @see docs/modules/platform/usecases/remove-secret.md */
export const removeSecret = ({
  kernel: { database },
  findSecretUses,
}: Pick<PlatformDeps, 'kernel' | 'findSecretUses'>) =>
  manualCommand({
    operationId: 'remove-secret',
    summary: 'Forget a named secret with all its versions',
    usage: 'secrets delete <name>',
    input: z.object({
      name: secretName.describe('the secret'),
      dryRun: z.boolean().default(false).describe('only say whether it could be forgotten'),
    }),
    output: z.object({ name: z.string(), dryRun: z.boolean() }),
    errors: { SECRET_NOT_FOUND: 'not_found', SECRET_IN_USE: 'conflict' },
    confirm: ({ name, dryRun }) => (dryRun ? `Look at ${name}?` : `Forget ${name} with all its versions, for good?`),
    render: ({ name, dryRun }) => (dryRun ? `${name} would be forgotten.` : `${name} is forgotten.`),

    async execute(ctx, { name, dryRun }, fail) {
      const secret = await findSecretRow(database.lanes, name);
      if (secret === null) throw fail('SECRET_NOT_FOUND', { message: `there is no secret ${name}: see secrets list` });
      const users = await findSecretUses(name);
      if (users.length > 0) throw fail('SECRET_IN_USE', { message: `${name} is used by ${users.join(', ')}` });
      if (dryRun) return { name, dryRun };
      await ctx.transaction(async (tx) => {
        await deleteSecretRow(tx, secret.id);
        await ctx.audit(tx, { subject: `secret:${secret.id}`, before: describeSecret(secret) });
      });
      return { name, dryRun };
    },
  });
