import { toAppError } from '#kernel/error.ts';

/** Says on stderr what failed and, where the error knows it, what to do; never a stack unless the fault is ours. */
export const printFailure = (thrown: unknown): void => {
  const error = toAppError(thrown);
  process.stderr.write(`${describe(error)}\n`);
};

const describe = (error: ReturnType<typeof toAppError>): string => {
  if (error.kind === 'internal') return `ashlar: ${error.code}: ${stackOf(error.cause ?? error)}`;
  const { message, ...details } = error.details;
  const rest = Object.keys(details).length > 0 && message === undefined ? ` ${JSON.stringify(details)}` : '';
  return `ashlar: ${error.code}${typeof message === 'string' ? `: ${message}` : ''}${rest}`;
};

const stackOf = (cause: unknown): string => (cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
