import { type AppError, toAppError } from '../error.ts';
import type { Claim } from '../idempotency/idempotency.ts';
import type { KeptAnswer } from '../idempotency/kept-answer.ts';
import type { UserAction } from '../usecase.ts';
import { refusalOf } from './authorise.ts';
import type { Exchange, Repetition } from './exchange.ts';
import { problemAnswer } from './problem.ts';

/** Null for actions that only read, and for those that do not know who repeats them. */
export const createRepetition = (action: UserAction): Repetition | null =>
  action.actors === 'anonymous' || action.access.startsWith('GET ')
    ? null
    : {
        refuses: (actor) => refusalOf(action, actor) !== null,
        keeps: (error) => isFinal(error) && Object.hasOwn(action.errors, error.code),
        isSecret: action.secretOutput === true,
      };

/** Too many or broken: the same request may well succeed later. */
const isFinal = ({ kind }: AppError): boolean =>
  kind !== 'rate_limited' && kind !== 'unavailable' && kind !== 'internal';

type Run = (exchange: Exchange) => Promise<KeptAnswer>;

/**
 * Runs what a claim was made for. The claim ends with the use case itself, also when the deadline has answered the
 * client meanwhile: until then nobody else may run it, and what it did after all is what the next one is told.
 */
export const answerOnce = async (exchange: Exchange, claim: Claim, run: Run): Promise<void> => {
  const { route, scope } = exchange;
  try {
    await claim.settle(await run(exchange));
  } catch (thrown) {
    const error = toAppError(thrown);
    await claim.settle(route.repetition?.keeps(error) === true ? problemAnswer(error, scope.traceId) : null);
    throw thrown;
  }
};
