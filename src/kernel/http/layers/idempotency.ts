import { kernelError } from '../../error.ts';
import type { Idempotency } from '../../idempotency/idempotency.ts';
import { readBody } from '../body.ts';
import { type Exchange, setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

const header = 'idempotency-key';
/** Visible characters and spaces; what Node reads of bytes beyond ASCII are characters up to U+00FF. */
const keyPattern = /^[\u0020-\u007E\u00A0-\u00FF]{1,255}$/;

/**
 * Lets a signed-in client repeat a change whose answer it did not get: the same key with the same request gets the
 * answer of the first one, and the change is made once. Without the header nothing is asked and nothing is kept.
 */
export const idempotency = (deps: { readonly idempotency: Idempotency }): Layer => ({
  name: 'idempotency',
  enter: (exchange) => {
    const key = exchange.incoming.headers[header];
    return key === undefined ? undefined : claim(deps.idempotency, exchange, String(key));
  },
});

const claim = async (keys: Idempotency, exchange: Exchange, key: string): Promise<void> => {
  const { actor, route } = exchange;
  const { repetition, operation } = route;
  // What the actor may not do it is refused by the use case, also if it was allowed once.
  if (!repetition || operation === null || actor === null || repetition.refuses(actor)) return;
  if (!keyPattern.test(key)) throw invalidKey();
  const { url = '' } = exchange.incoming;
  const { isSecret } = repetition;
  const body = await readBody(exchange);
  exchange.body = body;
  const claimed = await keys.claim({ actorId: actor.id, operation, key, url, body, isSecret });
  if (claimed.claim === null) {
    setHeader(exchange, 'idempotency-replayed', 'true');
    exchange.answer = claimed.answer;
  } else if (!exchange.isConcluded) exchange.claim = claimed.claim;
  else {
    await claimed.claim.settle(null);
    throw kernelError('CANCELLED', { details: { message: 'the deadline was reached before the use case began' } });
  }
};

const invalidKey = () =>
  kernelError('INPUT_INVALID', {
    details: { fields: { 'Idempotency-Key': ['must have 1 to 255 characters, none of them a control character'] } },
  });
