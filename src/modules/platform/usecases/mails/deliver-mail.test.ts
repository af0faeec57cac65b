import { describe, expect, onTestFinished } from 'vitest';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { type TestApp, test } from '#test/app.ts';
import { openWorker } from '#test/worker.ts';
import { askForMail, untilMail, viaSmtp } from '../../testing/mails.ts';
import { openSmtpServer, smtpError } from '../../testing/smtp-server.ts';

type Judge = NonNullable<NonNullable<Parameters<typeof openSmtpServer>[0]>['judge']>;

const open = async (app: TestApp, judge: Judge = () => null) => {
  const server = await openSmtpServer({ judge });
  onTestFinished(server.close);
  const configured = viaSmtp(app, server.port);
  const worker = await openWorker(configured);
  onTestFinished(worker.close);
  return { app: configured, received: server.received };
};

describe('deliver-mail', () => {
  test('hands the mail to the server and says so', async ({ app: plain }) => {
    const { app, received } = await open(plain);
    const mail = await untilMail(app, await askForMail(app), ({ state }) => state === 'sent');
    expect(mail).toMatchObject({ error: null, subject: 'Mail from Ashlar arrives' });
    expect(mail.finishedAtText).not.toBeNull();
    expect(received.map(({ raw }) => raw)).toEqual([expect.stringContaining(`<${mail.id}@example.com>`)]);
  });

  test('erases what is sensitive once it was sent', async ({ app: plain }) => {
    const { app, received } = await open(plain);
    const mail = await untilMail(app, await askForMail(app, { isSensitive: true }), ({ state }) => state === 'sent');
    expect(mail).toMatchObject({ sealed: null, subject: null, textBody: null, htmlBody: null });
    expect(received).toHaveLength(1);
  });

  test('tries again what the server refuses for now, with the same Message-ID', async ({ app: plain, sql }) => {
    const tried: string[] = [];
    const { app, received } = await open(plain, ({ raw }, count) => {
      tried.push(/^Message-ID: .*$/m.exec(raw)?.[0] ?? '');
      return count === 1 ? smtpError(451, '4.7.1 come back later') : null;
    });
    const key = await askForMail(app);
    const deferred = await untilMail(app, key, ({ error }) => error !== null);
    expect(deferred).toMatchObject({ state: 'queued', error: expect.stringContaining('451 4.7.1 come back later') });

    await sql`update kernel.tasks set run_at = now() where name = 'platform.deliver-mail'`;
    const mail = await untilMail(app, key, ({ state }) => state === 'sent');
    expect(mail.error).toBeNull();
    expect(received).toHaveLength(1);
    expect(tried).toEqual([tried[0], tried[0]]);
  });

  test('gives up what the server refuses', async ({ app: plain, sql }) => {
    const { app, received } = await open(plain, () => smtpError(550, '5.7.1 not from you'));
    const mail = await untilMail(app, await askForMail(app), ({ state }) => state === 'failed');
    expect(mail.error).toContain('550 5.7.1 not from you');
    expect(received).toEqual([]);
    await eventually('its delivery is dead', async () => {
      const [dead] = await sql`select reason from kernel.task_dead where payload ->> 'mailId' = ${mail.id}`;
      return dead?.['reason'] === 'not_retriable';
    });
  });

  test('captures the mail where no server is configured', async ({ app }) => {
    const worker = await openWorker(app);
    onTestFinished(worker.close);
    const mail = await untilMail(
      app,
      await askForMail(app, { isSensitive: true }),
      ({ state }) => state === 'captured',
    );
    expect(mail.sealed).not.toBeNull();
  });
});
