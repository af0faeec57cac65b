import { z } from 'zod';

import { addEffect } from '../../database/testing/effects.ts';
import { kernelError } from '../../error.ts';
import { action } from '../../http/testing/fixture.ts';
import { newId } from '../../ids.ts';

/** What happens besides the effect; `fine`: nothing. */
const ways = ['fine', 'taken', 'down', 'many', 'broken', 'misshapen', 'idle', 'gate', 'gateAfter'] as const;
export type Way = (typeof ways)[number];

export type Gate = { pass(): Promise<void> };

/** One effect each, and an answer that is never the same twice. */
export const effectActions = (gate: Gate) => [
  action({
    access: 'POST /api/v1/effects/{n}',
    actors: ['admin'],
    input: z.object({ n: z.coerce.number(), how: z.enum(ways).default('fine'), note: z.string().optional() }),
    output: z.object({ id: z.uuid() }),
    status: 201,
    errors: { EFFECT_TAKEN: 'conflict', EFFECT_DOWN: 'unavailable' },
    execute: async (ctx, { n, how }, fail) => {
      const value = { id: how === 'misshapen' ? 'no uuid' : newId() };
      if (how === 'idle') return value;
      await ctx.transaction(async (tx) => {
        await addEffect(tx, { n });
        if (how === 'taken') throw fail('EFFECT_TAKEN', { by: newId() });
        if (how === 'down') throw fail('EFFECT_DOWN');
        if (how === 'many') throw kernelError('RATE_LIMITED', { details: { retryAfterSeconds: 1 } });
        if (how === 'broken') throw new Error('broken on purpose');
        if (how === 'gate') await gate.pass();
        return value;
      });
      if (how === 'gateAfter') await gate.pass();
      return value;
    },
  }),
  action({
    access: 'POST /api/v1/secrets',
    actors: ['admin'],
    input: z.object({}),
    output: z.object({ secret: z.string() }),
    secretOutput: true,
    execute: (ctx) => ctx.transaction(async () => ({ secret: `planted ${newId()}` })),
  }),
  action({
    access: 'POST /api/v1/altered',
    actors: ['admin'],
    input: z.object({}),
    output: z.object({ id: z.string() }),
    execute: async (ctx) => ({ ...(await ctx.transaction(async () => ({ id: 'a' }))) }),
  }),
];
