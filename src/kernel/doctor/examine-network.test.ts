import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server } from 'node:net';

import { describe, expect, test as base } from 'vitest';

import { examinePort, examineService } from './examine-network.ts';

const listen = async (server: Server): Promise<number> => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A server that listens on TCP has an address and a port.
  return (server.address() as AddressInfo).port;
};

const test = base
  .extend('foreign', async ({}, { onCleanup }) => {
    const server = createServer((socket) => socket.on('error', () => undefined).end('220 hello\r\n'));
    onCleanup(() => void server.close());
    return listen(server);
  })
  .extend('ours', async ({}, { onCleanup }) => {
    const server = createHttpServer((_request, response) => response.end('{"status":"ok"}'));
    onCleanup(() => void server.close());
    return listen(server);
  })
  .extend('free', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    return port;
  });

const host = '127.0.0.1';

describe('a port of ours', () => {
  const examine = (port: number) => examinePort({ setting: 'http.port', host, port });

  test('is fine while nobody has it, and while Ashlar has', async ({ free, ours }) => {
    expect(await examine(free)).toMatchObject({ severity: 'ok', message: expect.stringContaining('is free') });
    expect(await examine(ours)).toMatchObject({ severity: 'ok', message: expect.stringContaining('Ashlar answers') });
    expect(await examine(0)).toMatchObject({ severity: 'ok' });
  });

  test('is a finding while another program has it', async ({ foreign }) => {
    expect(await examine(foreign)).toMatchObject({ severity: 'warning', fix: expect.stringContaining('http.port') });
  });

  test('is an error on an address that this machine has not', async () => {
    const finding = await examinePort({ setting: 'http.port', host: '192.0.2.1', port: 8080 });
    expect(finding).toMatchObject({ severity: 'error', message: expect.stringContaining('EADDRNOTAVAIL') });
  });
});

describe('a service that is configured', () => {
  const examine = (port: number) => examineService({ check: 'redis', setting: 'redis.url', host, port });

  test('is fine if it accepts connections', async ({ foreign }) => {
    expect(await examine(foreign)).toMatchObject({ check: 'redis', severity: 'ok' });
  });

  test('is an error if it does not', async ({ free }) => {
    expect(await examine(free)).toMatchObject({ severity: 'error', message: expect.stringContaining('ECONNREFUSED') });
  });
});
