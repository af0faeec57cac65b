import { sourceOf } from '../ip-address.ts';
import type { Limits } from '../limits/limits.ts';
import type { KeyedPolicy } from '../limits/rate.ts';
import type { UserAction } from '../usecase.ts';
import { admit } from './admit.ts';
import type { Exchange } from './exchange.ts';
import { fieldsOf, refuseUnknown } from './schema.ts';

/** Null if the head has none. Throws if it is one that could never count. */
export const createRouteRate = (operation: string, action: UserAction, limits: Limits): KeyedPolicy | null => {
  const { rate, actors, input } = action;
  if (rate === undefined) return null;
  const { key } = rate;
  if (key === 'actor' && actors === 'anonymous') {
    throw new Error(`${operation} is anonymous, so its rate cannot have the actor as its key`);
  }
  if (typeof key === 'object' && !Object.hasOwn(fieldsOf(refuseUnknown(input)) ?? {}, key.field)) {
    throw new Error(`the rate of ${operation} counts by the field ${key.field}, which its input does not have`);
  }
  return { key, policy: limits.policyOf(operation, rate) };
};

/**
 * Whom the address limits hold for; null for a request that came over no socket. A client that went away before its
 * address was read has none: all of those count as one.
 */
export const sourceOfExchange = ({ origin: { address }, outgoing }: Exchange): string | null => {
  if (address !== null) return sourceOf(address);
  return outgoing === null ? null : 'unknown';
};

/** Counts a request by a field of its input, once that is known; null unless the rate says so. */
export const createFieldLimit = (rate: KeyedPolicy | null, limits: Limits): FieldLimit | null => {
  if (rate === null || typeof rate.key !== 'object') return null;
  const { policy } = rate;
  const { field, subject = (value) => value } = rate.key;
  return async (exchange, input) => {
    const value: unknown = typeof input === 'object' && input !== null ? Reflect.get(input, field) : undefined;
    const key = typeof value === 'string' ? subject(value) : null;
    if (key !== null) admit(limits, exchange, await limits.reserve(policy, key));
  };
};

type FieldLimit = (exchange: Exchange, input: unknown) => Promise<void>;
