import type { Layer } from '../layer.ts';

const twoYearsInSeconds = 63_072_000;

/** Nothing that we answer may run, be framed, be guessed at or be kept, unless a route says otherwise. */
export const securityHeaders = ({ publicUrl }: { readonly publicUrl: string | null }): Layer => ({
  name: 'security headers',
  headers: {
    'content-security-policy': "default-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    'x-content-type-options': 'nosniff',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    ...(publicUrl?.startsWith('https:') && {
      'strict-transport-security': `max-age=${twoYearsInSeconds}; includeSubDomains`,
    }),
  },
});
