import { describe, expect, onTestFinished } from 'vitest';

import { test } from '#test/app.ts';
import { run } from '#test/run.ts';
import { viaSmtp } from '../../testing/mails.ts';
import { openSmtpServer, smtpError } from '../../testing/smtp-server.ts';

const operation = 'platform.send-test-mail';

describe('send-test-mail', () => {
  test('hands a mail over and tells what the server answered', async ({ app }) => {
    const server = await openSmtpServer();
    onTestFinished(server.close);
    const answer = await run(viaSmtp(app, server.port), operation, { to: 'you@example.com', locale: 'th' });
    expect(answer).toEqual({
      messageId: expect.stringMatching(/^<[0-9a-f-]{36}@example\.com>$/),
      response: expect.stringContaining('250'),
    });
    expect(server.received).toMatchObject([{ to: ['you@example.com'] }]);
  });

  test('says MAIL_NOT_ACCEPTED with the answer of a server that refuses', async ({ app }) => {
    const server = await openSmtpServer({ judge: () => smtpError(554, '5.7.1 not from you') });
    onTestFinished(server.close);
    await expect(run(viaSmtp(app, server.port), operation, { to: 'you@example.com' })).rejects.toMatchObject({
      code: 'MAIL_NOT_ACCEPTED',
      kind: 'unavailable',
      message: expect.stringContaining(`127.0.0.1:${server.port}: 554 5.7.1 not from you`),
    });
  });

  test('says MAIL_DRIVER_OUTBOX where no server is configured', async ({ app }) => {
    await expect(run(app, operation, { to: 'you@example.com' })).rejects.toMatchObject({
      code: 'MAIL_DRIVER_OUTBOX',
      message: expect.stringContaining('mail.smtpUrl'),
    });
  });
});
