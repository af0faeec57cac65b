import { describe, expect, onTestFinished } from 'vitest';

import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { sendMail } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { openWorker } from '#test/worker.ts';
import { readContent } from '../../logic/mail-content.ts';
import { askForMail, findMailByKey, untilMail } from '../../testing/mails.ts';

const work = async (app: TestApp): Promise<void> => {
  const { close } = await openWorker(app);
  onTestFinished(close);
};

describe('send-mail', () => {
  test('writes in the language of the reader', async ({ app }) => {
    await work(app);
    const mail = await untilMail(app, await askForMail(app, { locale: 'th' }), () => true);
    expect(mail).toMatchObject({ locale: 'th', subject: 'อีเมลจาก Ashlar ส่งถึงแล้ว', template: 'platform.test-mail' });
    expect(mail.htmlBody).toContain('<html lang="th">');
    expect(mail.htmlBody).toContain(`<a href="${app.config.http.publicUrl}">`);
  });

  test('keeps what is sensitive encrypted, in the task and in the mail', async ({ app, sql }) => {
    const { publicUrl } = app.config.http;
    const key = await askForMail(app, { isSensitive: true });
    const [task] = await sql<{ payload: string }[]>`
      select payload::text from kernel.tasks where payload ->> 'uniqueKey' = ${key}`;
    expect(task?.payload).not.toContain(publicUrl);

    await work(app);
    const mail = await untilMail(app, key, ({ state }) => state === 'captured');
    expect(mail).toMatchObject({ subject: null, textBody: null, htmlBody: null });
    expect(mail.sealed?.includes(publicUrl)).toBe(false);
    expect(readContent(app.kernel.secrets, mail)?.text).toContain(publicUrl);
  });

  test('makes one mail for each unique key', async ({ app, sql }) => {
    await work(app);
    const key = await askForMail(app);
    await untilMail(app, key, ({ state }) => state === 'captured');
    await askForMail(app, { uniqueKey: key, to: 'they@example.com' });

    await eventually('the second task is done', async () => {
      const rows =
        await sql`select from kernel.task_results where result ->> 'mailId' is null and name = 'platform.send-mail'`;
      return rows.length > 0;
    });
    expect(await findMailByKey(app, key)).toMatchObject({ recipient: 'you@example.com' });
  });

  test('writes nothing if the change that asks for it is rolled back', async ({ app, sql }) => {
    const { database, tasks } = app.kernel;
    const payload = { to: 'you@example.com', template: 'platform.test-mail', locale: 'en' as const };
    const change = database.transaction(async (tx) => {
      await tasks.enqueue(tx, sendMail, { ...payload, uniqueKey: 'undone', sensitive: false, params: {} });
      throw new Error('no');
    });
    await expect(change).rejects.toThrow('no');
    expect(await sql`select from kernel.tasks where payload ->> 'uniqueKey' = 'undone'`).toHaveLength(0);
  });

  test('ends as not retriable when its params do not fit, and waits for a release that knows its template', async ({
    app,
    sql,
  }) => {
    const { database, tasks } = app.kernel;
    const enqueue = (uniqueKey: string, template: string) =>
      database.transaction((tx) =>
        tasks.enqueue(tx, sendMail, {
          to: 'you@example.com',
          template,
          locale: 'en',
          uniqueKey,
          sensitive: false,
          params: {},
        }),
      );
    const wrong = await enqueue('wrong', 'platform.test-mail');
    const unknown = await enqueue('unknown', 'platform.nothing');
    await work(app);

    await eventually('the first is dead', async () => {
      const [dead] =
        await sql`select reason, errors -> 0 ->> 'code' as code from kernel.task_dead where task_id = ${wrong}`;
      return dead?.['reason'] === 'not_retriable' && dead['code'] === 'MAIL_PARAMS_INVALID';
    });
    await eventually('the second is tried again', async () => {
      const [task] = await sql`select errors -> 0 ->> 'code' as code from kernel.tasks where id = ${unknown}`;
      return task?.['code'] === 'MAIL_TEMPLATE_UNKNOWN';
    });
  });

  test.for([
    'you@example.com\r\nBcc: they@example.com',
    'you@example.com, they@example.com',
    'You <you@example.com>',
    '',
  ])('is not enqueued to %j', async (to, { app }) => {
    await expect(askForMail(app, { to })).rejects.toMatchObject({ code: 'INPUT_INVALID' });
  });
});
