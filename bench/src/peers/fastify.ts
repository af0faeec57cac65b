import fastify from 'fastify';
import type { AddressInfo } from 'node:net';
import { z } from 'zod';

import { confirmOrder, type Order, order } from './order.ts';
import { announce, readSettings } from './settings.ts';
import { openActorStore } from './store.ts';

const settings = readSettings();
const actors = openActorStore(settings);
const actorIdByToken = new Map([[settings.token, settings.actorId]]);
const text = { type: 'string' };

/** As Fastify's documentation recommends: JSON schemas on both ends, the input checked by its compiled validator. */
const app = fastify({ logger: false });

app.get('/health', { schema: { response: { 200: { type: 'object', properties: { status: text } } } } }, () => ({
  status: 'ok',
}));

app.post<{ Body: Order }>(
  '/orders',
  {
    schema: {
      body: z.toJSONSchema(order, { target: 'draft-7' }),
      response: {
        200: {
          type: 'object',
          properties: { customer: text, city: text, quantity: { type: 'integer' }, tags: { type: 'integer' } },
        },
      },
    },
  },
  (request) => confirmOrder(request.body),
);

app.get(
  '/me',
  {
    schema: {
      response: {
        200: {
          type: 'object',
          properties: {
            id: text,
            type: text,
            login: text,
            displayName: text,
            email: { type: ['string', 'null'] },
            isSuperuser: { type: 'boolean' },
          },
        },
        401: { type: 'object', properties: { error: text } },
      },
    },
  },
  (request, reply) => {
    const id = actorIdByToken.get(request.headers.authorization?.slice('Bearer '.length) ?? '');
    return id === undefined ? reply.code(401).send({ error: 'unauthenticated' }) : actors.find(id);
  },
);

await app.listen({ host: '127.0.0.1', port: 0 });
announce((app.server.address() as AddressInfo).port);
