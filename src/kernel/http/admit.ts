import type { Limits } from '../limits/limits.ts';
import { type Reservation, remainingOf, resetSeconds, windowSeconds } from '../limits/reservation.ts';
import { type Exchange, setHeader } from './exchange.ts';

/**
 * Throws RATE_LIMITED unless the reservation was allowed. Once half of it is gone the answer tells what is left
 * (draft-ietf-httpapi-ratelimit-headers-11): whoever is far from a limit need not read about it. `t` is the time until
 * all is back, so that whoever spreads `r` over `t` is never faster than the limit.
 */
export const admit = (limits: Limits, exchange: Exchange, reservation: Reservation): void => {
  if (!reservation.isAllowed) throw limits.refuse(reservation, exchange.route.operation);
  const { policy } = reservation;
  const remaining = remainingOf(reservation);
  if (remaining * 2 > policy.burst) return;
  announce(exchange, {
    policy: policy.name,
    quota: policy.burst,
    windowSeconds: windowSeconds(policy),
    remaining,
    seconds: resetSeconds(reservation),
  });
};

/** The headers of RATE_LIMITED, whoever threw it. */
export const announceRefusal = (exchange: Exchange, details: Readonly<Record<string, unknown>>): void => {
  const { policy, quota, windowSeconds: window, retryAfterSeconds } = details;
  if (typeof policy !== 'string') return;
  announce(exchange, {
    policy,
    quota: Number(quota),
    windowSeconds: Number(window),
    remaining: 0,
    seconds: Number(retryAfterSeconds),
  });
};

type Announcement = {
  readonly policy: string;
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  readonly seconds: number;
};

const announce = (exchange: Exchange, { policy, quota, windowSeconds: window, remaining, seconds }: Announcement) => {
  append(exchange, 'ratelimit-policy', `"${policy}";q=${quota};w=${window}`);
  append(exchange, 'ratelimit', `"${policy}";r=${remaining};t=${seconds}`);
};

const append = (exchange: Exchange, name: string, item: string): void => {
  const present = exchange.headers?.[name];
  setHeader(exchange, name, present === undefined ? item : `${present}, ${item}`);
};
