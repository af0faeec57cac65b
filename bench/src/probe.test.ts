import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test } from 'node:test';

import { type Probe, probe } from './probe.ts';
import { type WorkloadId, workloads } from './workloads.ts';

const probeOf = async (id: WorkloadId, listener: RequestListener): Promise<Probe> => {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const workload = workloads.find((candidate) => candidate.id === id);
  assert.ok(workload);
  try {
    return await probe(workload, { port, path: '/path', token: 'header.payload.signature' });
  } finally {
    server.closeAllConnections();
    server.close();
  }
};

test('lets a candidate through that reads the row for the right token only', async () => {
  const found = await probeOf('row', (request, response) => {
    const known = request.headers.authorization === 'Bearer header.payload.signature';
    response.writeHead(known ? 200 : 401).end(known ? '{"login":"root"}' : '{}');
  });
  assert.deepEqual(found, { ok: true, body: '{"login":"root"}' });
});

test('finds a candidate out that checks no token', async () => {
  const found = await probeOf('row', (_request, response) => response.end('{"login":"root"}'));
  assert.match(found.ok ? '' : found.reason, /answers 200 instead of 401 to GET \/path without a token/);
});

test('finds a candidate out that validates nothing', async () => {
  const confirmed = '{"customer":"Ada Lovelace","city":"London","quantity":3,"tags":2}';
  const found = await probeOf('post', (_request, response) => response.end(confirmed));
  assert.match(found.ok ? '' : found.reason, /answers 200 instead of 400/);
});

test('compares no bodies when they differ from answer to answer', async () => {
  let times = 0;
  const found = await probeOf('hello', (request, response) => {
    times += 1;
    response.writeHead(request.url === '/path' ? 200 : 404).end(`{"status":"ok","times":${times}}`);
  });
  assert.deepEqual(found, { ok: true, body: null });
});
