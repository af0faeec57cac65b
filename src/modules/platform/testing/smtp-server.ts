import { callbackify } from 'node:util';
import { text } from 'node:stream/consumers';

import { SMTPServer, type SMTPServerDataStream, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';

export type Received = { readonly to: readonly string[]; readonly raw: string; readonly isSecure: boolean };

type Options = SMTPServerOptions & {
  /** May refuse what was received; what it waits for, the client waits for. */
  readonly judge?: (mail: Received, count: number) => Promise<Error | null> | Error | null;
};

/** A real SMTP server on a free port of 127.0.0.1. Takes any sender and recipient, without a password, unless told otherwise. */
export const openSmtpServer = async ({ judge = () => null, ...options }: Options = {}) => {
  const received: Received[] = [];
  let count = 0;
  const receive = async (stream: SMTPServerDataStream, session: SMTPServerSession): Promise<void> => {
    const to = session.envelope.rcptTo.map(({ address }) => address);
    const mail = { to, raw: await text(stream), isSecure: session.secure };
    count += 1;
    const refusal = await judge(mail, count);
    if (refusal !== null) throw refusal;
    received.push(mail);
  };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.key === undefined ? ['STARTTLS'] : [],
    onData: callbackify(receive),
    ...options,
  });
  // A client that breaks off is what some tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('the SMTP server has no port');
  return {
    port: address.port,
    received,
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
};

/** What an SMTP server says: `451 4.7.1 later`. */
export const smtpError = (responseCode: number, message: string): Error =>
  Object.assign(new Error(message), { responseCode });
