import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';

export type ReceivedHook = { readonly headers: Readonly<Record<string, unknown>>; readonly body: string };

/** Whoever our webhooks are for: on the loopback, with every request that came, and the status that it answers. */
export const openWebhookReceiver = async () => {
  const received: ReceivedHook[] = [];
  const planned: { readonly kind: string; readonly statuses: number[] }[] = [];
  const statusFor = (body: string): number | undefined =>
    planned.find(({ kind, statuses }) => statuses.length > 0 && body.includes(`"kind":"${kind}"`))?.statuses.shift();
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      response.writeHead(statusFor(body) ?? 204).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : null;
  return {
    url: `http://127.0.0.1:${port}/hooks/planted-token`,
    received,
    /** What the next notices of this kind are answered; all others are taken. */
    answer: (kind: string, ...statuses: number[]) => void planned.push({ kind, statuses }),
    close: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
};
