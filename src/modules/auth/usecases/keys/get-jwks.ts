import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import type { AuthDeps } from '../../deps.ts';

/** @see docs/modules/auth/usecases/get-jwks.md */
export const getJwks = ({ keyring }: AuthDeps) =>
  userAction({
    operationId: 'get-jwks',
    summary: 'Publish the keys that access tokens are verified with',
    access: 'GET /.well-known/jwks.json',
    actors: 'anonymous',
    permissions: [],
    maxAgeSeconds: 300,
    input: z.object({}),
    output: z.object({
      keys: z.array(
        z.object({
          kty: z.literal('OKP'),
          crv: z.literal('Ed25519'),
          x: z.string(),
          kid: z.string(),
          alg: z.literal('Ed25519'),
          use: z.literal('sig'),
        }),
      ),
    }),
    errors: {},

    execute() {
      return Promise.resolve({ keys: [...keyring.keys.published] });
    },
  });
