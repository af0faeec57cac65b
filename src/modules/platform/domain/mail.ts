export const mailStates = ['queued', 'sent', 'captured', 'failed'] as const;
export type MailState = (typeof mailStates)[number];

/** What the reader gets. */
export type MailContent = { readonly subject: string; readonly text: string; readonly html: string };

/** A header is one line: a subject that somebody else had a say in must not begin another one. */
export const toSubject = (text: string): string => text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();

/** RFC 5322, section 3.6.4. The same for every attempt, so that the reader's side can tell repetitions. */
export const messageIdOf = (id: string, from: string): string => `<${id}@${domainOf(from)}>`;

const domainOf = (from: string): string => /@([^@>\s]+)>?$/.exec(from)?.[1] ?? 'localhost';
