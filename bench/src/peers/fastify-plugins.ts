import compress from '@fastify/compress';
import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastify from 'fastify';
import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import pino from 'pino';

import { BENCH_LOGIN } from '../workloads.ts';
import { announce } from './settings.ts';

/**
 * Fastify with the plugins that do what Ashlar's chain does: security headers, CORS, compression, limits, request id, one
 * JSON line for each request into a file, and a bearer token that a Map knows. Traces, metrics, deadlines, host checks
 * and permissions it goes without.
 */
const { BENCH_TOKEN: token = '', BENCH_LOG_FILE: file = '' } = process.env;
const actor = { id: randomUUID(), type: 'admin', login: BENCH_LOGIN, isSuperuser: true };
const actors = new Map([[`Bearer ${token}`, actor]]);
const text = { type: 'string' };

const app = fastify({
  // Buffered, as Ashlar's own log.
  loggerInstance: pino(pino.destination({ dest: file, sync: false, minLength: 4096 })),
  disableRequestLogging: true,
  requestIdHeader: 'x-request-id',
  genReqId: () => randomUUID(),
});
app.decorateRequest('actorId', '');

app.addHook('onRequest', (request, reply, done) => {
  void reply.header('x-request-id', request.id);
  const found = actors.get(request.headers.authorization ?? '');
  if (found === undefined) void reply.code(401).send({ code: 'UNAUTHENTICATED' });
  else {
    request.actorId = found.id;
    done();
  }
});
app.addHook('onResponse', (request, reply, done) => {
  request.log.info(
    { method: request.method, route: request.routeOptions.url, status: reply.statusCode, ms: reply.elapsedTime, actorId: request.actorId },
    'request',
  );
  done();
});
await app.register(helmet);
await app.register(cors, { origin: ['https://console.example'] });
await app.register(compress, { threshold: 1024 });
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: 1000, keyGenerator: ({ actorId }) => actorId });

app.get(
  '/whoami',
  {
    schema: {
      querystring: { type: 'object', additionalProperties: false },
      response: {
        200: { type: 'object', properties: { id: text, type: text, login: text, isSuperuser: { type: 'boolean' } } },
      },
    },
  },
  () => actor,
);

await app.listen({ host: '127.0.0.1', port: 0 });
announce((app.server.address() as AddressInfo).port);

declare module 'fastify' {
  interface FastifyRequest {
    actorId: string;
  }
}
