import { describe, expect, onTestFinished } from 'vitest';

import type { Actor } from '#kernel/actor.ts';
import { newId } from '#kernel/ids.ts';
import { readMails } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { openWorker } from '#test/worker.ts';
import { askForMail, untilMail, viaSmtp } from '../../testing/mails.ts';
import { openSmtpServer } from '../../testing/smtp-server.ts';

const reader = buildActor({ isSuperuser: false, permissions: new Set([readMails.name]) });

const ask = async (app: TestApp, actor: Actor, id: string) => {
  const response = await app.as(actor).request(`/api/v1/platform/mails/${id}`);
  return { status: response.status, body: await response.json() };
};

const make = async (app: TestApp, isSensitive: boolean, state: 'captured' | 'sent' = 'captured') => {
  const worker = await openWorker(app);
  onTestFinished(worker.close);
  return untilMail(app, await askForMail(app, { isSensitive }), (mail) => mail.state === state);
};

describe('get-mail', () => {
  test('shows what a mail says', async ({ app }) => {
    const mail = await make(app, false);
    expect(await ask(app, reader, mail.id)).toEqual({
      status: 200,
      body: {
        id: mail.id,
        to: 'you@example.com',
        template: 'platform.test-mail',
        locale: 'en',
        uniqueKey: mail.uniqueKey,
        isSensitive: false,
        state: 'captured',
        error: null,
        createdAt: expect.stringMatching(/Z$/),
        finishedAt: expect.stringMatching(/Z$/),
        contentState: 'shown',
        content: {
          subject: 'Mail from Ashlar arrives',
          text: expect.stringContaining(app.config.http.publicUrl),
          html: expect.stringContaining('<!doctype html>'),
        },
      },
    });
  });

  test('shows a captured sensitive mail to superusers only, and notes that it was read', async ({ app }) => {
    const { id } = await make(app, true);
    expect(await ask(app, reader, id)).toMatchObject({ body: { contentState: 'hidden', content: null } });
    const audited = () => app.logged.filter(({ msg }) => msg === 'audit').map((line) => JSON.stringify(line));
    expect(audited().filter((line) => line.includes(`mail:${id}`))).toEqual([]);

    const { body } = await ask(app, buildActor(), id);
    expect(body).toMatchObject({ contentState: 'shown', content: { subject: 'Mail from Ashlar arrives' } });
    expect(audited().filter((line) => line.includes(`mail:${id}`))).toHaveLength(1);
  });

  test('shows a sensitive mail to nobody once it was sent', async ({ app }) => {
    const server = await openSmtpServer();
    onTestFinished(server.close);
    const { id } = await make(viaSmtp(app, server.port), true, 'sent');
    expect(await ask(app, buildActor(), id)).toMatchObject({ body: { contentState: 'erased', content: null } });
  });

  test('says MAIL_NOT_FOUND to an unknown id', async ({ app }) => {
    expect(await ask(app, reader, newId())).toMatchObject({ status: 404, body: { code: 'MAIL_NOT_FOUND' } });
  });
});
