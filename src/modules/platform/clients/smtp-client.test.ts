import { createServer, type Server } from 'node:net';

import type { SMTPServerOptions } from 'smtp-server';
import { describe, expect, onTestFinished, test } from 'vitest';

import type { AppError } from '#kernel/error.ts';
import { newId } from '#kernel/ids.ts';
import { createOutbound } from '#kernel/outbound/outbound.ts';
import { certificate, certificateKey } from '#kernel/outbound/testing/certificate.ts';
import { openSmtpServer, smtpError } from '../testing/smtp-server.ts';
import { createSmtpClient } from './smtp-client.ts';

const tls = { key: certificateKey, cert: certificate };
const password = 'p@ss:word/1';
const login = `robot:${encodeURIComponent(password)}`;

/** The certificate of these tests is for api.test, which is here. */
const outbound = createOutbound({
  ownEndpoints: () => [],
  resolve: () => Promise.resolve(['127.0.0.1']),
  ca: [certificate],
});

const open = async (options: Parameters<typeof openSmtpServer>[0] = {}) => {
  const server = await openSmtpServer(options);
  onTestFinished(server.close);
  return server;
};

const clientFor = (url: string) =>
  createSmtpClient({ url, from: 'Ashlar <a@example.com>', outbound, ca: [certificate] });

const mail = {
  id: newId(),
  to: 'you@example.com',
  subject: 'Hello',
  text: 'Hi.',
  html: '<p>Hi.</p>',
  createdAt: new Date(),
};

const send = (url: string, changes: Partial<typeof mail> = {}) =>
  clientFor(url).deliver({ ...mail, ...changes }, AbortSignal.timeout(10_000));

const failureOf = (url: string): Promise<AppError> =>
  send(url).then(
    () => Promise.reject(new Error('it was delivered')),
    (thrown: AppError) => thrown,
  );

describe('createSmtpClient', () => {
  test('hands over a mail whose Message-ID is made from its id', async () => {
    const server = await open();
    const delivered = await send(`smtp://127.0.0.1:${server.port}`);

    const messageId = `<${mail.id}@example.com>`;
    expect(delivered).toEqual({ state: 'sent', messageId, response: expect.stringContaining('250') });
    const [received] = server.received;
    expect(received?.to).toEqual(['you@example.com']);
    expect(received?.raw).toContain(`Message-ID: ${messageId}`);
    expect(received?.raw).toContain('Auto-Submitted: auto-generated');
    expect(received?.raw).toContain('From: Ashlar <a@example.com>');
  });

  const authenticated: SMTPServerOptions = {
    ...tls,
    authOptional: false,
    onAuth: ({ username, password: given }, _session, done) =>
      username === 'robot' && given === password
        ? done(null, { user: username })
        : done(smtpError(535, '5.7.8 who are you')),
  };

  test('goes over to TLS before it signs in', async () => {
    const server = await open(authenticated);
    await send(`smtp://${login}@api.test:${server.port}`);
    expect(server.received).toMatchObject([{ isSecure: true }]);
  });

  test('speaks TLS from the first byte to smtps', async () => {
    const server = await open({ ...authenticated, secure: true });
    await send(`smtps://${login}@api.test:${server.port}`);
    expect(server.received).toMatchObject([{ isSecure: true }]);
  });

  test('uses TLS without a password, too, where it is offered', async () => {
    const server = await open(tls);
    await send(`smtp://api.test:${server.port}`);
    expect(server.received).toMatchObject([{ isSecure: true }]);
  });

  test('gives no password to a server that offers no TLS', async () => {
    const asked: unknown[] = [];
    const server = await open({
      allowInsecureAuth: true,
      onAuth: (auth, _session, done) => {
        asked.push(auth);
        done(null, { user: 'robot' });
      },
    });
    const failure = await failureOf(`smtp://${login}@api.test:${server.port}`);

    expect(failure).toMatchObject({ code: expect.stringMatching(/^MAIL_/) });
    expect(asked).toEqual([]);
    expect(server.received).toEqual([]);
  });

  test('gives no password to a server that has another name', async () => {
    const server = await open(authenticated);
    const failure = await failureOf(`smtp://${login}@mail.test:${server.port}`);
    expect(failure).toMatchObject({ code: 'MAIL_DEFERRED', kind: 'unavailable' });
    expect(server.received).toEqual([]);
  });

  test('keeps the password out of what it throws', async () => {
    const server = await open(authenticated);
    const failure = await failureOf(`smtp://robot:wrong-horse@api.test:${server.port}`);
    const shown = JSON.stringify([failure, failure.message, failure.cause, String(failure.cause)]);

    expect(failure.code).toBe('MAIL_REFUSED');
    expect(shown).not.toContain('wrong-horse');
    expect(shown).not.toContain(Buffer.from('\0robot\0wrong-horse').toString('base64'));
  });

  test.for([
    [451, 'MAIL_DEFERRED', 'unavailable'],
    [550, 'MAIL_REFUSED', 'conflict'],
  ] as const)('says of an answer %i that it is %s', async ([status, code, kind]) => {
    const server = await open({ judge: () => smtpError(status, 'not you') });
    const failure = await failureOf(`smtp://127.0.0.1:${server.port}`);
    expect(failure).toMatchObject({ code, kind });
    expect(failure.message).toContain(`127.0.0.1:${server.port}: ${status} not you`);
  });

  test('says of a recipient whom the server does not know that it is refused', async () => {
    const server = await open({ onRcptTo: (_address, _session, done) => done(smtpError(550, '5.1.1 no such user')) });
    expect(await failureOf(`smtp://127.0.0.1:${server.port}`)).toMatchObject({ code: 'MAIL_REFUSED' });
  });

  test('says of a server that is not there that another time may do', async () => {
    const server = await openSmtpServer();
    await server.close();
    const failure = await failureOf(`smtp://127.0.0.1:${server.port}`);
    expect(failure).toMatchObject({ code: 'OUTBOUND_FAILED', kind: 'unavailable' });
  });

  test('stops waiting for a silent server when it is told to', async () => {
    const silent = createServer((socket) => void socket.write('220 wait\r\n'));
    const { port, close } = await listen(silent);
    onTestFinished(close);
    const told = new AbortController();
    const reason = new Error('enough');
    const delivery = clientFor(`smtp://127.0.0.1:${port}`).deliver(mail, told.signal);
    silent.once('connection', (socket) => socket.once('data', () => told.abort(reason)));
    await expect(delivery).rejects.toBe(reason);
  });

  test('begins no header within another', async () => {
    const server = await open();
    const evil = 'Hello\r\nBcc: everybody@example.com';
    await send(`smtp://127.0.0.1:${server.port}`, { subject: evil, to: 'you@example.com' });
    expect(server.received[0]?.to).toEqual(['you@example.com']);
    expect(server.received[0]?.raw).not.toMatch(/^Bcc:/m);
  });

  test('takes an address that holds several for one, and so for none', async () => {
    const server = await open();
    await expect(
      send(`smtp://127.0.0.1:${server.port}`, { to: 'you@example.com, they@example.com' }),
    ).rejects.toMatchObject({ code: expect.stringMatching(/^MAIL_/) });
    expect(server.received).toEqual([]);
  });
});

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const sockets = new Set<{ destroy(): unknown }>();
  server.on('connection', (socket) => void sockets.add(socket));
  const close = () =>
    new Promise<void>((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { port: address.port, close };
};
