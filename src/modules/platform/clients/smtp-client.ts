import type { ConnectionOptions } from 'node:tls';

import { AppError } from '#kernel/error.ts';
import type { Outbound } from '#kernel/outbound/outbound.ts';
import { messageIdOf } from '../domain/mail.ts';
import type { Mailer } from './mailer.ts';

type Options = {
  /** `smtp://` (STARTTLS if the server offers it) or `smtps://` (TLS from the first byte), maybe with user and password. */
  readonly url: string;
  readonly from: string;
  readonly outbound: Pick<Outbound, 'connect'>;
  /** Certificate authorities (PEM) in place of those that Node trusts; null: Node's. */
  readonly ca: readonly string[] | null;
};

/** For the greeting, and for each answer: a server that is slower is tried again. */
const answerMs = 20_000;

/** A connection for each mail: a kept one would have been tested for another time. */
export const createSmtpClient = ({ url, from, outbound, ca }: Options): Mailer => {
  const { host, port, isTls, user, password } = parseSmtpUrl(url);
  const endpoint = `${host}:${port}`;
  const tls: ConnectionOptions = ca === null ? {} : { ca: [...ca] };
  const connect = (signal: AbortSignal) =>
    outbound.connect({ host, port, isTls, signal, ranges: ['public', 'private', 'loopback'] });

  return {
    deliver: async ({ id, to, createdAt, subject, text, html }, signal) => {
      // Loaded by the first mail: a process that sends none does without it.
      const messageId = messageIdOf(id, from);
      const { createTransport } = await import('nodemailer');
      const connection = await connect(signal);
      const transport = createTransport({
        host,
        port,
        secure: isTls,
        // Whoever stands between us and the server may hide that it offers TLS: then nobody gets the password.
        requireTLS: user !== '',
        ...(user !== '' && { auth: { user, pass: password } }),
        tls,
        greetingTimeout: answerMs,
        socketTimeout: answerMs,
        disableFileAccess: true,
        disableUrlAccess: true,
        connection,
        secured: isTls,
      });
      try {
        const { response } = await transport.sendMail({
          from,
          // As an object it is one address, whatever it holds.
          to: { name: '', address: to },
          subject,
          text,
          html,
          date: createdAt,
          messageId,
          // RFC 3834: no vacation notice, please.
          headers: { 'Auto-Submitted': 'auto-generated' },
          signal,
        });
        return { state: 'sent', messageId, response };
      } catch (thrown) {
        signal.throwIfAborted();
        throw toFailure(endpoint, thrown);
      } finally {
        connection.destroy();
      }
    },
  };
};

const parseSmtpUrl = (text: string) => {
  const { protocol, hostname, port, username, password } = new URL(text);
  const isTls = protocol === 'smtps:';
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || (isTls ? 465 : 587)),
    isTls,
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  };
};

/** RFC 5321, section 4.2.1: 4yz may succeed another time, 5yz will not. Without an answer nothing is known. */
const toFailure = (endpoint: string, thrown: unknown): AppError => {
  if (thrown instanceof AppError) return thrown;
  const { status, answer } = readAnswer(thrown);
  const isRefused = status !== null && status >= 500;
  const said = answer ?? (thrown instanceof Error ? thrown.message : String(thrown));
  return new AppError(isRefused ? 'MAIL_REFUSED' : 'MAIL_DEFERRED', {
    kind: isRefused ? 'conflict' : 'unavailable',
    details: { message: `the SMTP server ${endpoint}: ${said.slice(0, 300)}` },
    cause: thrown,
  });
};

const readAnswer = (thrown: unknown): { readonly status: number | null; readonly answer: string | null } => {
  if (!(thrown instanceof Error)) return { status: null, answer: null };
  const status = 'responseCode' in thrown && typeof thrown.responseCode === 'number' ? thrown.responseCode : null;
  const answer = 'response' in thrown && typeof thrown.response === 'string' ? thrown.response : null;
  return { status, answer };
};
