import type { z } from 'zod';

/** Under `staging` and `production` a secret of ours is at least this long; 16 random characters are about 95 bits. */
const shortestSecret = 16;

/**
 * Marks a setting as a secret: shown as `[secret]`, refused on a command line, and outside of `local` and `test`
 * refused as literal text or if shorter than `minLength` characters. Say `minLength: 0` for what another system
 * issued (a database password, a header): its length is not ours to judge.
 */
export const secret = <S extends z.ZodType>(schema: S, { minLength = shortestSecret } = {}): S =>
  schema.meta({ secretMinLength: minLength });

/** The least length of a marked schema in characters; null if it is not marked. */
export const secretMinLength = (schema: z.ZodType): number | null => {
  const mark = schema.meta()?.['secretMinLength'];
  return typeof mark === 'number' ? mark : null;
};

export const maskedSecret = '[secret]';
