import { describe, expect, onTestFinished } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { manageMails } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { openWorker } from '#test/worker.ts';
import { askForMail, untilMail, viaSmtp } from '../../testing/mails.ts';
import { openSmtpServer, smtpError } from '../../testing/smtp-server.ts';

const actor = buildActor({ isSuperuser: false, permissions: new Set([manageMails.name]) });

const resend = async (app: TestApp, id: string) => {
  const response = await app.as(actor).request(`/api/v1/platform/mails/${id}/resend`, { method: 'POST' });
  const text = await response.text();
  return { status: response.status, code: text === '' ? null : JSON.parse(text).code };
};

const open = async (plain: TestApp, isRefused: (count: number) => boolean = () => false) => {
  const server = await openSmtpServer({
    judge: (_mail, count) => (isRefused(count) ? smtpError(550, '5.7.1 no') : null),
  });
  onTestFinished(server.close);
  const app = viaSmtp(plain, server.port);
  const worker = await openWorker(app);
  onTestFinished(worker.close);
  return { app, received: server.received };
};

describe('resend-mail', () => {
  test('sends what has failed, and forgets why', async ({ app: plain }) => {
    const { app, received } = await open(plain, (count) => count === 1);
    const key = await askForMail(app, { isSensitive: true });
    const { id } = await untilMail(app, key, ({ state }) => state === 'failed');
    expect(await resend(app, id)).toEqual({ status: 204, code: null });
    expect(await untilMail(app, key, ({ state }) => state === 'sent')).toMatchObject({ error: null });
    expect(received).toHaveLength(1);
  });

  test('sends what was sent once more, with the same Message-ID', async ({ app: plain }) => {
    const { app, received } = await open(plain);
    const { id } = await untilMail(app, await askForMail(app), ({ state }) => state === 'sent');
    expect(await resend(app, id)).toEqual({ status: 204, code: null });
    await eventually('it arrives twice', () => received.length === 2);
    expect(received.every(({ raw }) => raw.includes(`Message-ID: <${id}@example.com>`))).toBe(true);
  });

  test('says MAIL_QUEUED while it is on its way', async ({ app: plain, sql }) => {
    const { promise: released, resolve: release } = Promise.withResolvers<null>();
    const server = await openSmtpServer({ judge: () => released });
    onTestFinished(server.close);
    const app = viaSmtp(plain, server.port);
    const worker = await openWorker(app);
    onTestFinished(worker.close);
    const key = await askForMail(app);
    const { id } = await untilMail(app, key, ({ state }) => state === 'queued');

    expect(await resend(app, id)).toEqual({ status: 409, code: 'MAIL_QUEUED' });
    release(null);
    await untilMail(app, key, ({ state }) => state === 'sent');
    expect(await sql`select from platform.mails where id = ${id} and delivery = 1`).toHaveLength(1);
  });

  test('says MAIL_ERASED to what was sensitive and sent', async ({ app: plain }) => {
    const { app } = await open(plain);
    const { id } = await untilMail(app, await askForMail(app, { isSensitive: true }), ({ state }) => state === 'sent');
    expect(await resend(app, id)).toEqual({ status: 409, code: 'MAIL_ERASED' });
  });

  test('says MAIL_NOT_FOUND to an unknown id', async ({ app }) => {
    expect(await resend(app, newId())).toEqual({ status: 404, code: 'MAIL_NOT_FOUND' });
  });
});
