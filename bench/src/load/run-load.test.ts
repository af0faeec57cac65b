import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';

import { runLoad } from './run-load.ts';
import type { LoadResult } from './job.ts';

const BODY = '{"status":"ok"}';

const loadOf = async (listener: RequestListener, body: string | null = BODY): Promise<LoadResult> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    return await runLoad({
      port,
      request: `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`,
      body,
      connections: 4,
      warmupSeconds: 0.1,
      seconds: 1,
      serverPid: process.pid,
      databasePid: process.pid,
    });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

test('counts every answer of the window, also when it arrives in pieces', async () => {
  let answered = 0;
  const result = await loadOf((_request, response) => {
    answered += 1;
    response.writeHead(200, { 'content-length': BODY.length });
    response.write(BODY.slice(0, 4));
    setImmediate(() => response.end(BODY.slice(4)));
  });
  assert.deepEqual(result.errors, {});
  assert.ok(result.requests > 100 && result.requests <= answered, `${result.requests} of ${answered}`);
  assert.equal(result.perSecond.length, 1);
  assert.ok(result.p50Ms > 0 && result.p50Ms <= result.p99Ms);
});

test('reads chunked answers', async () => {
  const result = await loadOf((_request, response) => {
    response.write(BODY);
    response.end();
  }, null);
  assert.deepEqual(result.errors, {});
  assert.ok(result.requests > 100);
});

test('names an answer that is not 200 and does not count it', async () => {
  const result = await loadOf((_request, response) =>
    response.writeHead(503, { 'content-length': BODY.length }).end(BODY),
  );
  assert.equal(result.requests, 0);
  assert.deepEqual(Object.keys(result.errors), ['HTTP/1.1 503 Service Unavailable']);
});

test('names a wrong body', async () => {
  const result = await loadOf((_request, response) => response.writeHead(200, { 'content-length': 2 }).end('{}'));
  assert.equal(result.requests, 0);
  assert.deepEqual(Object.keys(result.errors), ['a body of another length']);
});

test('names a connection that is closed under it, and ends in time', async () => {
  const result = await loadOf((request) => request.socket.destroy());
  assert.equal(result.requests, 0);
  assert.notDeepEqual(result.errors, {});
});
