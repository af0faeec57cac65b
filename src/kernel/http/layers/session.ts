import type { Actor } from '../../actor.ts';
import { type AppError, kernelError, toAppError } from '../../error.ts';
import type { RunHooks } from '../../run.ts';
import { type Exchange, setHeader } from '../exchange.ts';
import type { Layer } from '../layer.ts';

export type SessionResolver = {
  /** Throws UNAUTHENTICATED, TOKEN_EXPIRED or SESSION_ENDED unless the credential is good now. */
  resolve(bearer: string): Promise<Actor>;
};

const bearerPattern = /^Bearer +([\w.~+/-]+=*)$/i;

/** Finds out who acts. Routes that are open to everyone read no credential, so that a bad one cannot spoil them. */
export const session = (deps: SessionDeps): Layer => ({
  name: 'session',
  enter: (exchange) => (exchange.route.isAnonymous ? undefined : identify(exchange, deps)),
});

type SessionDeps = { readonly resolver: SessionResolver; readonly hooks: RunHooks };

const identify = async (exchange: Exchange, { resolver, hooks }: SessionDeps): Promise<void> => {
  const { authorization } = exchange.incoming.headers;
  const bearer = authorization === undefined ? undefined : bearerPattern.exec(authorization)?.[1];
  if (bearer === undefined) {
    challenge(exchange, authorization === undefined ? '' : ', error="invalid_request"');
    throw refused(exchange, hooks, kernelError('UNAUTHENTICATED'));
  }
  try {
    exchange.actor = await resolver.resolve(bearer);
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === 'SESSION_ENDED' && exchange.route.acceptsEndedSession === true) return;
    if (error.kind !== 'unauthenticated') throw error;
    challenge(exchange, ', error="invalid_token"');
    throw refused(exchange, hooks, error);
  }
};

/** The runner audits whom it refuses; whoever does not get that far is audited here. */
const refused = ({ route, origin, scope: { traceId } }: Exchange, hooks: RunHooks, error: AppError): AppError => {
  const { operation } = route;
  const { kind: outcome, code } = error;
  if (operation !== null)
    hooks.audit({ operation, type: 'user_action', actor: null, origin, traceId, outcome, code, notes: [] });
  return error;
};

/** RFC 6750, section 3: without a credential no error is named. */
const challenge = (exchange: Exchange, error: string): void =>
  setHeader(exchange, 'www-authenticate', `Bearer realm="ashlar"${error}`);
