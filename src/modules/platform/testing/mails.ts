import { composeMail } from '#kernel/mail/compose-mail.ts';
import { newId } from '#kernel/ids.ts';
import { eventually } from '#kernel/tasks/testing/open-task-app.ts';
import { sendMail } from '#portals/platform.ts';
import { reconfigure, type TestApp } from '#test/app.ts';
import { testMail } from '../logic/mails/test-mail.ts';
import { findMail, listMails, type MailRow } from '../store/mails.ts';

const everything = { state: undefined, recipient: undefined, template: undefined };

export const viaSmtp = (app: TestApp, port: number): TestApp =>
  reconfigure(app, { mail: { driver: 'smtp', smtpUrl: `smtp://127.0.0.1:${port}`, from: 'Ashlar <a@example.com>' } });

/** Asks for one in a transaction, as every module does; answers its unique key. */
export const askForMail = async (
  { kernel: { database, tasks, secrets }, config }: TestApp,
  { uniqueKey = `test:${newId()}`, isSensitive = false, to = 'you@example.com', locale = 'en' } = {},
): Promise<string> => {
  const params = { url: config.http.publicUrl };
  const mail = composeMail(secrets, { ...testMail, isSensitive }, { to, params, locale, uniqueKey });
  await database.transaction((tx) => tasks.enqueue(tx, sendMail, mail));
  return uniqueKey;
};

export const findMailByKey = async ({ kernel: { database } }: TestApp, uniqueKey: string): Promise<MailRow | null> => {
  for (const { id } of await listMails(database.lanes, everything, { before: null, limit: 200 })) {
    const mail = await findMail(database.lanes, id);
    if (mail?.uniqueKey === uniqueKey) return mail;
  }
  return null;
};

/** Waits until the mail is as `isSo` wants it. */
export const untilMail = (app: TestApp, uniqueKey: string, isSo: (mail: MailRow) => boolean): Promise<MailRow> =>
  eventually(`the mail ${uniqueKey} is as it should be`, async () => {
    const mail = await findMailByKey(app, uniqueKey);
    return mail !== null && isSo(mail) ? mail : null;
  });
