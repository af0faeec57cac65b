import { z } from 'zod';

import { html } from '#kernel/mail/html.ts';
import { mailTemplate } from '#kernel/mail/mail-template.ts';

/** Says only that mail arrives. */
export const testMail = mailTemplate({
  name: 'platform.test-mail',
  params: z.object({ url: z.url() }),
  isSensitive: false,
  en: ({ url }) => ({
    subject: 'Mail from Ashlar arrives',
    text: `This is a test. Ashlar at ${url} can send mail to you.\n`,
    html: html`<p>This is a test. Ashlar at <a href="${url}">${url}</a> can send mail to you.</p>`,
  }),
  th: ({ url }) => ({
    subject: 'อีเมลจาก Ashlar ส่งถึงแล้ว',
    text: `นี่คืออีเมลทดสอบ Ashlar ที่ ${url} ส่งอีเมลถึงคุณได้\n`,
    html: html`<p>นี่คืออีเมลทดสอบ Ashlar ที่ <a href="${url}">${url}</a> ส่งอีเมลถึงคุณได้</p>`,
  }),
});
