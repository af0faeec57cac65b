import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import { type Ctx, manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import {
  addSecret,
  allowedHosts,
  changeSecret,
  describeSecret,
  secretDescription,
  secretName,
  secretText,
} from '../../logic/named-secrets.ts';
import { lockSecret } from '../../store/secrets.ts';
import { kernelError } from '#kernel/error.ts';

/** @see docs/modules/platform/usecases/set-secret.md */
export const setSecret = ({ kernel: { secrets } }: PlatformDeps) =>
  manualCommand({
    operationId: 'set-secret',
    summary: 'Keep a secret under a name, or give it a new value',
    usage: 'secrets set <name>',
    input: z.object({
      name: secretName.describe('such as deploy/registry-token'),
      description: secretDescription.optional().describe('what it is for'),
      allowedHosts: z
        .string()
        .transform((text) => text.split(',').map((host) => host.trim()))
        .pipe(allowedHosts)
        .optional()
        .describe('where it may be sent to, with commas between them; default anywhere'),
    }),
    secrets: { value: { prompt: 'Value of the secret', isMultiline: true } },
    output: z.object({ name: z.string(), version: z.int() }),
    errors: { SECRET_NAME_TAKEN: 'conflict' },
    render: ({ name, version }) => `${name} is kept, as version ${version}.`,

    async execute(ctx, input, fail) {
      const value = readText(await ctx.secret('value'));
      const version = await ctx.transaction((tx) => put(ctx, tx, { secrets, input, value }));
      if (version === null) throw fail('SECRET_NAME_TAKEN', { message: 'somebody else made it just now: try again' });
      return { name: input.name, version };
    },
  });

const readText = (text: string): string => {
  const parsed = secretText.safeParse(text);
  if (parsed.success) return parsed.data;
  throw kernelError('INPUT_INVALID', { details: { message: 'the value must have 1 to 65536 characters' } });
};

type Put = {
  readonly secrets: PlatformDeps['kernel']['secrets'];
  readonly input: {
    readonly name: string;
    readonly description?: string | undefined;
    readonly allowedHosts?: string[] | undefined;
  };
  readonly value: string;
};

/** Answers the version; null if the name was taken meanwhile. */
const put = async (ctx: Ctx, tx: Tx, { secrets, input, value }: Put): Promise<number | null> => {
  const { name, description, allowedHosts: hosts } = input;
  const former = await lockSecret(tx, name);
  if (former === null) {
    const made = await addSecret(tx, secrets, {
      name,
      value,
      description: description ?? null,
      allowedHosts: hosts ?? null,
    });
    if (made !== null) await ctx.audit(tx, { subject: `secret:${made.id}`, after: describeSecret(made) });
    return made?.version ?? null;
  }
  const version = await changeSecret(tx, secrets, { secret: former, value, description, allowedHosts: hosts });
  await ctx.audit(tx, {
    subject: `secret:${former.id}`,
    before: describeSecret(former),
    after: { version, isValueNew: true },
  });
  return version;
};
