import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSecrets } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import {
  allowedHosts,
  changeSecret,
  describeSecret,
  secretDescription,
  secretName,
  secretText,
} from '../../logic/named-secrets.ts';
import { findSecretRow, lockSecret } from '../../store/secrets.ts';

/** @see docs/modules/platform/usecases/update-secret.md */
export const updateSecret = ({ kernel: { secrets } }: PlatformDeps) =>
  userAction({
    operationId: 'update-secret',
    summary: 'Give a named secret a new value, description or hosts',
    access: 'PUT /api/v1/platform/secrets/{name}',
    actors: ['admin', 'service_acc'],
    permissions: [manageSecrets.name],
    input: z.object({
      name: secretName,
      version: z
        .int()
        .min(1)
        .max(2 ** 31 - 2),
      value: secretText.optional(),
      description: secretDescription.nullable().optional(),
      allowedHosts: allowedHosts.nullable().optional(),
    }),
    output: z.object({ name: z.string(), version: z.int() }),
    errors: { SECRET_NOT_FOUND: 'not_found', VERSION_CONFLICT: 'conflict' },

    execute: (ctx, { name, version, ...change }, fail) =>
      ctx.transaction(async (tx) => {
        const secret = await lockSecret(tx, name);
        if (secret === null) throw fail('SECRET_NOT_FOUND');
        if (secret.version !== version) throw fail('VERSION_CONFLICT');
        const next = await changeSecret(tx, secrets, { secret, ...change });
        const after = (await findSecretRow(tx, name)) ?? secret;
        await ctx.audit(tx, {
          subject: `secret:${secret.id}`,
          before: describeSecret(secret),
          after: { ...describeSecret(after), isValueNew: change.value !== undefined },
        });
        return { name, version: next };
      }),
  });
