import { z } from 'zod';

/**
 * A value that administrators change while everything runs. Listed in the `settings` of the module that reads it; what
 * is changed is there in every process within a second.
 */
export type SettingContract<S extends z.ZodType = z.ZodType> = {
  /** `module.camelCaseName` */
  readonly key: string;
  /** One sentence for the person who changes it. */
  readonly description: string;
  /** Plain JSON in and the same out, since what is kept is read through it again: no transformations. Never a secret. */
  readonly schema: S;
  readonly default: z.output<S>;
};

/** Who has a feature: nobody, these actors, a share of all, or everybody. */
export const flagSchema = z.strictObject({
  /** False: nobody, whatever the rest says. */
  enabled: z.boolean(),
  /** They have it, whatever the share is. */
  actorIds: z.array(z.uuid()).max(1000).default([]),
  /** Of all actors, 0 to 100. Who has it keeps it when the share grows. Whoever is not signed in has it at 100. */
  percentage: z.number().min(0).max(100).default(100),
});

/** A setting that answers yes or no for an actor. */
export type FlagContract = SettingContract<typeof flagSchema>;
