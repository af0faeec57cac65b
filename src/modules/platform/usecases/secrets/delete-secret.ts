import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSecrets } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { describeSecret, secretName } from '../../logic/named-secrets.ts';
import { deleteSecretRow, lockSecret } from '../../store/secrets.ts';

/** @see docs/modules/platform/usecases/delete-secret.md */
export const deleteSecret = ({ findSecretUses }: Pick<PlatformDeps, 'findSecretUses'>) =>
  userAction({
    operationId: 'delete-secret',
    summary: 'Forget a named secret with all its versions',
    access: 'DELETE /api/v1/platform/secrets/{name}',
    actors: ['admin', 'service_acc'],
    permissions: [manageSecrets.name],
    input: z.object({ name: secretName }),
    output: null,
    errors: { SECRET_NOT_FOUND: 'not_found', SECRET_IN_USE: 'conflict' },

    async execute(ctx, { name }, fail) {
      const users = await findSecretUses(name);
      if (users.length > 0) throw fail('SECRET_IN_USE', { users });
      await ctx.transaction(async (tx) => {
        const secret = await lockSecret(tx, name);
        if (secret === null) throw fail('SECRET_NOT_FOUND');
        await deleteSecretRow(tx, secret.id);
        await ctx.audit(tx, { subject: `secret:${secret.id}`, before: describeSecret(secret) });
      });
    },
  });
