import { type AppError, toAppError } from '../../error.ts';
import type { Limits } from '../../limits/limits.ts';
import { admit, announceRefusal } from '../admit.ts';
import type { Exchange } from '../exchange.ts';
import type { Layer } from '../layer.ts';
import { sourceOfExchange } from '../route-rate.ts';

/**
 * Answers 429 to whoever asks too often. A signed-in request counts for its actor, so that colleagues behind one address
 * do not slow each other down; an anonymous one counts for its address, and so does one that is refused, which from then
 * on is told nothing else. The head's own rate comes on top, or in place of the one with its key; one by a field of the
 * input is counted by the route, which knows the input.
 */
export const rateLimit = ({ limits }: { readonly limits: Limits }): Layer => ({
  name: 'rate limit',
  enter: (exchange) => {
    const { actor, route } = exchange;
    const own = route.rate?.key;
    if (actor === null) {
      if (own !== 'address') chargeAddress(limits, exchange);
    } else if (own !== 'actor') admit(limits, exchange, limits.local.reserve(limits.defaults.actor, actor.id));
    return own === 'actor' || own === 'address' ? chargeOwn(limits, exchange) : undefined;
  },
  fail: (exchange, thrown) => {
    const error = isRefused(exchange, thrown) ? refuseOrLimit(limits, exchange, thrown) : toAppError(thrown);
    if (error.code === 'RATE_LIMITED') announceRefusal(exchange, error.details);
    // The error handler above makes the answer.
    throw error;
  },
});

const chargeAddress = (limits: Limits, exchange: Exchange): void => {
  const source = sourceOfExchange(exchange);
  if (source !== null) admit(limits, exchange, limits.local.reserve(limits.defaults.address, source));
};

const chargeOwn = async (limits: Limits, exchange: Exchange): Promise<void> => {
  const { route, actor } = exchange;
  const key = route.rate?.key === 'actor' ? (actor?.id ?? null) : sourceOfExchange(exchange);
  if (route.rate && key !== null) admit(limits, exchange, await limits.reserve(route.rate.policy, key));
};

/** Anonymous ones have been counted on their way in. */
const isRefused = ({ route }: Exchange, thrown: unknown): boolean => {
  const { kind } = toAppError(thrown);
  return !route.isAnonymous && (kind === 'unauthenticated' || kind === 'forbidden');
};

const refuseOrLimit = (limits: Limits, exchange: Exchange, refusal: unknown): AppError => {
  try {
    chargeAddress(limits, exchange);
    return toAppError(refusal);
  } catch (limited) {
    return toAppError(limited);
  }
};
