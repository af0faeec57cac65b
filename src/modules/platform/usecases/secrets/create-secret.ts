import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSecrets } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import {
  addSecret,
  allowedHosts,
  describeSecret,
  secretDescription,
  secretName,
  secretText,
} from '../../logic/named-secrets.ts';

/** @see docs/modules/platform/usecases/create-secret.md */
export const createSecret = ({ kernel: { secrets } }: PlatformDeps) =>
  userAction({
    operationId: 'create-secret',
    summary: 'Keep a secret under a name',
    access: 'POST /api/v1/platform/secrets',
    actors: ['admin', 'service_acc'],
    permissions: [manageSecrets.name],
    input: z.object({
      name: secretName,
      value: secretText,
      description: secretDescription.nullable().default(null),
      allowedHosts: allowedHosts.nullable().default(null),
    }),
    output: z.object({ name: z.string(), version: z.int() }),
    status: 201,
    errors: { SECRET_NAME_TAKEN: 'conflict' },

    execute: (ctx, input, fail) =>
      ctx.transaction(async (tx) => {
        const secret = await addSecret(tx, secrets, input);
        if (secret === null) throw fail('SECRET_NAME_TAKEN');
        await ctx.audit(tx, { subject: `secret:${secret.id}`, after: describeSecret(secret) });
        return { name: secret.name, version: secret.version };
      }),
  });
