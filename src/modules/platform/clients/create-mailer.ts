import type { Outbound } from '#kernel/outbound/outbound.ts';
import type { Mailer } from './mailer.ts';
import { createSmtpClient } from './smtp-client.ts';

export type MailConfig = {
  readonly driver: 'outbox' | 'smtp';
  readonly smtpUrl?: string | undefined;
  readonly from?: string | undefined;
};

type Deps = {
  readonly outbound: Pick<Outbound, 'connect'>;
  /** Certificate authorities (PEM) in place of those that Node trusts; null: Node's. */
  readonly ca?: readonly string[] | null;
};

/** Sends by SMTP, or without a server keeps what would be sent, for the console to show. */
export const createMailer = ({ driver, smtpUrl, from }: MailConfig, deps: Deps): Mailer => {
  if (driver === 'outbox') return { deliver: () => Promise.resolve({ state: 'captured' }) };
  if (smtpUrl === undefined || from === undefined) throw new Error('mail.driver smtp needs smtpUrl and from');
  return createSmtpClient({ ca: null, ...deps, url: smtpUrl, from });
};
