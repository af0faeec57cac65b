import { AppError } from '../error.ts';

export type Problem = {
  /** The setting or section; empty if a whole file is meant. */
  readonly path: string;
  /** Where the value comes from, as in `config/local.yaml:12`; null if nothing set it. */
  readonly origin: string | null;
  /** What is wrong and what to do; never a value of a secret. */
  readonly message: string;
};

/** One error for all problems: an operator should not have to start ten times to learn ten of them. */
export const configInvalid = (appEnv: string, problems: readonly Problem[]): AppError => {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  const message = [`the configuration for APP_ENV=${appEnv} has ${count}:`, ...problems.map(toLine)].join('\n');
  return new AppError('CONFIG_INVALID', { kind: 'conflict', details: { message, problems } });
};

const toLine = ({ path, origin, message }: Problem): string => {
  const where = origin === null ? '' : ` (${origin})`;
  return path === '' ? `  - ${message}${where}` : `  - ${path}: ${message}${where}`;
};
