import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { buildSecrets } from '#test/build.ts';
import { composeMail, openMailParams } from './compose-mail.ts';
import { html } from './html.ts';
import { mailTemplate } from './mail-template.ts';

const secrets = buildSecrets();

const build = (isSensitive: boolean) =>
  mailTemplate({
    name: 'stone.wall-built',
    params: z.object({ link: z.string() }),
    isSensitive,
    en: ({ link }) => ({ subject: link, text: link, html: html`${link}` }),
    th: ({ link }) => ({ subject: link, text: link, html: html`${link}` }),
  });

const mail = {
  to: 'you@example.com',
  params: { link: 'https://x/secret-token' },
  locale: 'th-TH',
  uniqueKey: 'wall:1',
};

describe('composeMail', () => {
  test('shows the params of a template that is not sensitive', () => {
    expect(composeMail(secrets, build(false), mail)).toEqual({
      to: 'you@example.com',
      template: 'stone.wall-built',
      locale: 'th',
      uniqueKey: 'wall:1',
      sensitive: false,
      params: mail.params,
    });
  });

  test('seals the params of a sensitive one', () => {
    const composed = composeMail(secrets, build(true), mail);
    expect(composed.sensitive).toBe(true);
    expect(JSON.stringify(composed)).not.toContain('secret-token');
    expect(openMailParams(secrets, composed)).toEqual(mail.params);
  });

  test('opens them for no other mail', () => {
    const composed = composeMail(secrets, build(true), mail);
    expect(() => openMailParams(secrets, { ...composed, uniqueKey: 'wall:2' })).toThrow('SECRET_UNREADABLE');
  });

  test('refuses params that the template cannot use', () => {
    const params = JSON.parse('{"link": 7}');
    expect(() => composeMail(secrets, build(false), { ...mail, params })).toThrow('INPUT_INVALID');
  });

  test.for([
    ['th', 'th'],
    ['TH', 'th'],
    ['en-GB', 'en'],
    ['fr', 'en'],
    ['thx', 'en'],
    [null, 'en'],
  ] as const)('writes to a reader of %s in %s', ([locale, expected]) => {
    expect(composeMail(secrets, build(false), { ...mail, locale }).locale).toBe(expected);
  });
});
