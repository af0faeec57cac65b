import type { ClientAddress } from '../client-address.ts';
import type { Layer } from '../layer.ts';

/** What a caller may choose as its request id: it goes into logs and back into a header. */
const requestIdPattern = /^[\w.:-]{1,128}$/;
const maxUserAgentLength = 512;

/** The request's id (the caller's `X-Request-Id`, else the trace id), the client's address, the user agent. */
export const requestMetadata = ({ clientAddress }: { readonly clientAddress: ClientAddress }): Layer => ({
  name: 'request metadata',
  open: (exchange) => {
    const { headers } = exchange.incoming;
    const proposed = headers['x-request-id'];
    exchange.origin = {
      requestId: typeof proposed === 'string' && requestIdPattern.test(proposed) ? proposed : exchange.scope.traceId,
      address: clientAddress(exchange.incoming),
      userAgent: headers['user-agent']?.slice(0, maxUserAgentLength) ?? null,
    };
  },
});
