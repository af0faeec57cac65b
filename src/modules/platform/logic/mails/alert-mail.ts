import { z } from 'zod';

import { html } from '#kernel/mail/html.ts';
import { mailTemplate } from '#kernel/mail/mail-template.ts';

type Params = { readonly title: string; readonly text: string; readonly facts: string; readonly url: string };

const bodyOf = ({ text, facts, url }: Params, from: string) => ({
  text: `${text}\n\n${facts}\n\n${from} ${url}\n`,
  html: html`<p>${text}</p>
    <pre>${facts}</pre>
    <p>${from} <a href="${url}">${url}</a></p>`,
});

/** What operators are told; its words come from what happened. */
export const alertMail = mailTemplate({
  name: 'platform.alert',
  params: z.object({ title: z.string(), text: z.string(), facts: z.string(), url: z.url() }),
  isSensitive: false,
  en: (params) => ({ subject: `Ashlar: ${params.title}`, ...bodyOf(params, 'From Ashlar at') }),
  th: (params) => ({ subject: `Ashlar: ${params.title}`, ...bodyOf(params, 'จาก Ashlar ที่') }),
});
