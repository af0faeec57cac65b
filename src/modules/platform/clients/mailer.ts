import type { MailContent } from '../domain/mail.ts';

export type OutgoingMail = MailContent & { readonly id: string; readonly to: string; readonly createdAt: Date };

export type Delivery =
  | { readonly state: 'captured' }
  | { readonly state: 'sent'; readonly messageId: string; /** What the server said. */ readonly response: string };

export type Mailer = {
  /** Throws MAIL_DEFERRED (unavailable: another time may do) or MAIL_REFUSED (conflict: it stays so). */
  deliver(mail: OutgoingMail, signal: AbortSignal): Promise<Delivery>;
};
