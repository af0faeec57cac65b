import { serve } from '@hono/node-server';
import { Hono } from 'hono';

import { confirmOrder, order } from './order.ts';
import { announce, readSettings } from './settings.ts';
import { openActorStore } from './store.ts';

const settings = readSettings();
const actors = openActorStore(settings);
const actorIdByToken = new Map([[settings.token, settings.actorId]]);

const app = new Hono()
  .get('/health', (c) => c.json({ status: 'ok' }))
  .post('/orders', async (c) => {
    const parsed = order.safeParse(await c.req.json());
    return parsed.success ? c.json(confirmOrder(parsed.data)) : c.json({ error: 'invalid' }, 400);
  })
  .get('/me', async (c) => {
    const id = actorIdByToken.get(c.req.header('authorization')?.slice('Bearer '.length) ?? '');
    return id === undefined ? c.json({ error: 'unauthenticated' }, 401) : c.json(await actors.find(id));
  });

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, (address) => announce(address.port));
