import { z } from 'zod';

const passwordSection = () =>
  z
    .strictObject({
      minLength: z.int().min(8).max(128).default(12),
      memoryKiB: z.int().min(19_456).max(1_048_576).default(47_104),
      iterations: z.int().min(1).max(10).default(2),
      hashConcurrency: z
        .union([z.literal('auto'), z.int().min(1).max(64)], 'auto or a number from 1 to 64')
        .default('auto'),
    })
    .prefault({});

const tokensSection = () =>
  z
    .strictObject({
      issuer: z.url().optional(),
      audience: z.string().min(1).default('ashlar'),
      accessTtlSeconds: z.int().min(60).max(3600).default(900),
      refreshGraceSeconds: z.int().min(0).max(300).default(60),
      idleDays: z.int().min(1).max(90).default(7),
      absoluteDays: z.int().min(1).max(365).default(30),
    })
    .refine(({ idleDays, absoluteDays }) => idleDays <= absoluteDays, {
      path: ['idleDays'],
      error: 'must not be more than absoluteDays',
    })
    .prefault({});

/** The section `auth`, as written by an operator. */
export const authSection = () => z.strictObject({ password: passwordSection(), tokens: tokensSection() }).prefault({});

type AuthSettings = z.output<ReturnType<typeof authSection>>;

export type AuthConfig = AuthSettings & { readonly tokens: { readonly issuer: string } };

/** Tokens are issued in the name of the address at which people reach the server, unless another is given. */
export const completeAuth = (settings: AuthSettings, publicUrl: string): AuthConfig => ({
  ...settings,
  tokens: { ...settings.tokens, issuer: settings.tokens.issuer ?? publicUrl },
});
