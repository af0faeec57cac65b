import type { Actor } from '../../actor.ts';
import { kernelError, toAppError } from '../../error.ts';
import { type Exchange, setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

export type SessionResolver = {
  /** Throws UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_ENDED unless the credential is good now. */
  resolve(bearer: string): Promise<Actor>;
};

const bearerPattern = /^Bearer +([\w.~+/-]+=*)$/i;

/** Finds out who acts. Routes that are open to everyone read no credential, so that a bad one cannot spoil them. */
export const session = ({ resolver }: { readonly resolver: SessionResolver }): Layer => ({
  name: 'session',
  enter: (exchange) => (exchange.route.isAnonymous ? undefined : identify(exchange, resolver)),
});

const identify = async (exchange: Exchange, resolver: SessionResolver): Promise<void> => {
  const { authorization } = exchange.incoming.headers;
  const bearer = authorization === undefined ? undefined : bearerPattern.exec(authorization)?.[1];
  if (bearer === undefined) {
    challenge(exchange, authorization === undefined ? '' : ', error="invalid_request"');
    throw kernelError('UNAUTHENTICATED');
  }
  try {
    exchange.actor = await resolver.resolve(bearer);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'SESSION_ENDED' && exchange.route.acceptsEndedSession === true) return;
    if (error.kind === 'unauthenticated') challenge(exchange, ', error="invalid_token"');
    throw error;
  }
};

/** RFC 6750, section 3: without a credential no error is named. */
const challenge = (exchange: Exchange, error: string): void =>
  setHeader(exchange, 'www-authenticate', `Bearer realm="ashlar"${error}`);
