import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { confirmOrder, order } from './order.ts';
import { announce, readSettings } from './settings.ts';
import { openActorStore } from './store.ts';

const settings = readSettings();
const actors = openActorStore(settings);
const actorIdByToken = new Map([[settings.token, settings.actorId]]);

const answer = (response: ServerResponse, status: number, body: unknown): void => {
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
};

const postOrder = (request: IncomingMessage, response: ServerResponse): void => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const parsed = order.safeParse(JSON.parse(Buffer.concat(chunks).toString()));
    if (!parsed.success) return answer(response, 400, { error: 'invalid' });
    return answer(response, 200, confirmOrder(parsed.data));
  });
};

const getMe = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const id = actorIdByToken.get(request.headers.authorization?.slice('Bearer '.length) ?? '');
  if (id === undefined) return answer(response, 401, { error: 'unauthenticated' });
  return answer(response, 200, await actors.find(id));
};

const server = createServer((request, response) => {
  if (request.url === '/health') return answer(response, 200, { status: 'ok' });
  if (request.url === '/orders' && request.method === 'POST') return postOrder(request, response);
  if (request.url === '/me') return void getMe(request, response);
  return answer(response, 404, { error: 'not found' });
});
server.listen(0, '127.0.0.1', () => announce((server.address() as AddressInfo).port));
