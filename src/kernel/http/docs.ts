import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { constants, gunzip, gzip } from 'node:zlib';

import { AppError, kernelError } from '../error.ts';
import type { Answer, Exchange, Route } from './exchange.ts';
import type { HttpConfig } from './http-config.ts';
import { acceptsGzip } from './layers/compression.ts';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Scalar's reference in one file. Kept compressed (4.4 MB are 1.2): those who do not take gzip wait for it. */
type Reference = { readonly name: string; readonly packed: Buffer<ArrayBuffer> };

/** `/`, `/openapi.json`, and `/docs` with its two scripts; nothing of it is read or made before somebody asks. */
export const createDocsRoutes = (createDocument: () => unknown, config: HttpConfig): readonly Route[] => {
  const document = once(() => JSON.stringify(createDocument()));
  const reference = once(() => loadReference(findReference()));
  const route = (template: string, answer: (exchange: Exchange) => Answer | Promise<Answer>): Route => ({
    method: 'GET',
    template,
    name: `GET ${template}`,
    operation: null,
    isAnonymous: true,
    bodyLimitBytes: config.bodyLimitBytes,
    timeoutSeconds: config.timeoutSeconds,
    run: async (exchange) => {
      exchange.answer = await answer(exchange);
    },
  });
  return [
    route('/', () => ({ status: 302, headers: { location: '/docs' }, body: null })),
    route('/openapi.json', () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: document() })),
    route('/docs', async () => ({ status: 200, headers: pageHeaders, body: page((await reference()).name) })),
    route('/docs/start.js', () => ({ status: 200, headers: { 'content-type': 'text/javascript' }, body: start })),
    route('/docs/{file}', async (exchange) => answerReference(exchange, await reference())),
  ];
};

const once = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | null = null;
  return () => (made ??= { value: make() }).value;
};

/** The package does not export the file; it stands beside what it exports. */
const findReference = (): string => {
  const entry = createRequire(import.meta.url).resolve('@scalar/api-reference');
  return path.join(path.dirname(entry), 'browser', 'standalone.js');
};

const loadReference = async (file: string): Promise<Reference> => {
  try {
    const script = await readFile(file);
    const hash = createHash('sha256').update(script).digest('hex').slice(0, 16);
    return { name: `reference-${hash}.js`, packed: await pack(script, { level: constants.Z_BEST_COMPRESSION }) };
  } catch (cause) {
    const message = `the API reference is not installed with this program (${path.basename(file)}); /openapi.json is served`;
    throw new AppError('DOCS_NOT_INSTALLED', { kind: 'not_found', details: { message }, cause });
  }
};

/** Its name is its hash, so that it may be kept for ever. */
const answerReference = async (exchange: Exchange, { name, packed }: Reference): Promise<Answer> => {
  if (exchange.params['file'] !== name) throw kernelError('ROUTE_NOT_FOUND');
  const headers = {
    'content-type': 'text/javascript',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  };
  return acceptsGzip(exchange)
    ? { status: 200, headers: { ...headers, 'content-encoding': 'gzip' }, body: packed }
    : { status: 200, headers, body: await unpack(packed) };
};

/** The reference sets styles of its own; whatever else it might want to fetch is refused by the browser. */
const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

const page = (reference: string): string => `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Ashlar API</title></head>
<body><div id="app"></div><script src="/docs/${reference}"></script><script src="/docs/start.js"></script></body>
</html>
`;

/** Everything that would leave this origin is off: fonts, proxy, telemetry, the vendor's agent and MCP, its tools. */
const start = `Scalar.createApiReference('#app', ${JSON.stringify({
  url: '/openapi.json',
  proxyUrl: '',
  withDefaultFonts: false,
  telemetry: false,
  hideClientButton: true,
  showDeveloperTools: 'never',
  agent: { disabled: true, hideAddApi: true },
  mcp: { disabled: true },
})});
`;
