import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, onTestFinished } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { openSmtpServer } from '#modules/platform/testing/smtp-server.ts';
import { openOwner } from './database.ts';
import { type Place, test, until } from './program.ts';

/** Self-signed for localhost, until 2126. It guards nothing but tests. */
const certificate = `-----BEGIN CERTIFICATE-----
MIIBlDCCATugAwIBAgIUXnw4j8xBvtUGqvWf3FN17sTunGYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE1MDMxNFoYDzIxMjYxMDI4
MTUwMzE0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAQl57w2nlFaNSaH2DBNqsdHF2PJpTNRTKauvw0L2EmBfgRsFL/TtTgr
QHivVKcuTyGRNCASjNVG865xQF/TLhwHo2kwZzAdBgNVHQ4EFgQUs89rka1VLHX3
dZzg02Gc4FmwwnAwHwYDVR0jBBgwFoAUs89rka1VLHX3dZzg02Gc4FmwwnAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
RwAwRAIgEcoiTxVuQGsQrebLa1oUWL2j+QAWaIrBhWpLufOYsWACID9pLAecjFRk
7IgYMmP49HtcmSHBMeegZe5T3mr2Tgm2
-----END CERTIFICATE-----`;

const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZkvyrmAdVsqe+dBN
sX0F7AnwwRpKQ7PQFOexoDZfDnChRANCAAQl57w2nlFaNSaH2DBNqsdHF2PJpTNR
TKauvw0L2EmBfgRsFL/TtTgrQHivVKcuTyGRNCASjNVG865xQF/TLhwH
-----END PRIVATE KEY-----`;

const password = 'a-planted-smtp-password';
type Options = NonNullable<Parameters<typeof openSmtpServer>[0]>;

const openServer = async (place: Place, judge: NonNullable<Options['judge']> = () => null) => {
  const smtp = await openSmtpServer({
    cert: certificate,
    key,
    authOptional: false,
    judge,
    onAuth: (given, _session, done) =>
      given.password === password ? done(null, { user: 'robot' }) : done(new Error('Invalid login')),
  });
  onTestFinished(smtp.close);
  const file = join(place.dataDirectory, 'smtp.pem');
  await writeFile(file, certificate);
  const env = {
    NODE_EXTRA_CA_CERTS: file,
    ASHLAR_LOGGER__LEVEL: 'trace',
    ASHLAR_MAIL__DRIVER: 'smtp',
    ASHLAR_MAIL__FROM: 'Ashlar <ashlar@example.com>',
    ASHLAR_MAIL__SMTP_URL: `smtp://robot:${password}@localhost:${smtp.port}`,
  };
  return { ...smtp, env };
};

const messageIdIn = (raw: string | undefined) => /^Message-ID: (.*)$/m.exec(raw ?? '')?.[1]?.trim();

test(
  'mail test signs in over TLS and tells the answer; the password stands nowhere',
  { timeout: 120_000 },
  async ({ place }) => {
    const { env, received } = await openServer(place);
    const good = await place.run(['mail', 'test', '--to', 'you@example.com'], { env });
    expect(good).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Accepted: 250/) });
    expect(received).toMatchObject([{ to: ['you@example.com'], isSecure: true }]);

    const wrong = { ...env, ASHLAR_MAIL__SMTP_URL: env.ASHLAR_MAIL__SMTP_URL.replace(password, `${password}-wrong`) };
    const bad = await place.run(['mail', 'test', '--to', 'you@example.com'], { env: wrong });
    expect(bad).toMatchObject({ code: 1, stderr: expect.stringContaining('MAIL_NOT_ACCEPTED') });
    const shown = await place.run(['config', 'show'], { env });
    expect(shown.stdout).toContain('mail.smtpUrl = "[secret]"');
    expect(JSON.stringify([good, bad, shown])).not.toContain(password);
  },
);

test(
  'a mail that was sent by a process that died before it could say so, comes again with the same Message-ID',
  {
    timeout: 120_000,
  },
  async ({ place }) => {
    let kill = () => Promise.resolve();
    const { env, received } = await openServer(place, async (_mail, count) => {
      if (count === 1) await kill();
      return null;
    });
    const first = await place.start(['run-all-in-one'], { env });
    kill = async () => {
      first.kill('SIGKILL');
      await first.exited;
    };
    const sql = await openOwner(place);
    onTestFinished(() => sql.end());
    const mail = { to: 'you@example.com', template: 'platform.test-mail', locale: 'en', uniqueKey: 'e2e' };
    const payload = JSON.stringify({ ...mail, sensitive: false, params: { url: 'https://ashlar.example.com' } });
    await sql`
    insert into kernel.tasks (id, queue, name, priority, run_at, payload)
    values (${newId()}, 'mail', 'platform.send-mail', 5, now(), ${payload}::text::json)`;
    await first.exited;
    await sql`update kernel.tasks set run_at = now()`;

    const second = await place.start(['run-all-in-one'], { env });
    const states = () => sql<{ state: string }[]>`select state from platform.mails`;
    await until(states, ([row]) => row?.state === 'sent', 60_000);
    expect(received).toHaveLength(2);
    expect(messageIdIn(received[0]?.raw)).toMatch(/@example\.com>$/);
    expect(messageIdIn(received[1]?.raw)).toBe(messageIdIn(received[0]?.raw));
    expect(`${first.output()}${second.output()}`).not.toContain(password);
  },
);
