import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect } from 'node:net';

import type { Dial } from '../connect.ts';
import type { Resolve } from '../guard.ts';
import { certificate, certificateKey } from './certificate.ts';

/** What the world's public server stands for; nothing leaves this machine. */
export const publicAddress = '93.184.216.34';
export const publicIpv6 = '2606:2800:220:1:248:1893:25c8:1946';

export type Seen = Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { readonly body: string };

export type World = {
  /** On the loopback, where it must not be reached. */
  readonly victim: { readonly port: number; readonly hits: readonly string[] };
  /** At the public addresses, whatever the port is that is asked for: plain HTTP, or TLS at 443. */
  readonly seen: readonly Seen[];
  /** Every address that was dialled. */
  readonly dialled: string[];
  /** What a name resolves to; each look-up takes the next answer, the last one stays. */
  readonly names: Map<string, (readonly string[])[]>;
  /** How the public server answers; default 200 with its path. */
  answer: RequestListener;
  readonly dial: Dial;
  readonly resolve: Resolve;
  /** Begins anew. */
  forget(): void;
  close(): Promise<void>;
};

export const openWorld = async (): Promise<World> => {
  const hits: string[] = [];
  const seen: Seen[] = [];
  const dialled: string[] = [];
  const names: World['names'] = new Map();
  const victim = createServer((incoming, outgoing) => {
    hits.push(String(incoming.headers.host));
    outgoing.end('secret');
  });
  const onRequest: RequestListener = (incoming, outgoing) => {
    let body = '';
    incoming.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    incoming.on('end', () => {
      const { method, url, headers } = incoming;
      seen.push({ ...(method !== undefined && { method }), ...(url !== undefined && { url }), headers, body });
      world.answer(incoming, outgoing);
    });
  };
  const plain = createServer(onRequest);
  const secure = createTlsServer({ cert: certificate, key: certificateKey }, onRequest);
  const [victimPort, plainPort, securePort] = await Promise.all([victim, plain, secure].map(listen));
  const world: World = {
    victim: { port: victimPort ?? 0, hits },
    seen,
    dialled,
    names,
    answer: answerWithPath,
    dial: ({ address, port }) => {
      dialled.push(address);
      const isPublic = address === publicAddress || address === publicIpv6;
      const inside = (port === 443 ? securePort : plainPort) ?? 0;
      return isPublic ? connect(inside, '127.0.0.1') : connect({ host: address, port, autoSelectFamily: false });
    },
    resolve: async (name) => {
      const answers = names.get(name) ?? [];
      return (answers.length > 1 ? answers.shift() : answers[0]) ?? Promise.reject(new Error(`ENOTFOUND ${name}`));
    },
    forget: () => {
      names.clear();
      world.answer = answerWithPath;
      for (const list of [hits, seen, dialled]) list.splice(0);
    },
    close: async () => {
      for (const server of [victim, plain, secure]) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return world;
};

const answerWithPath: RequestListener = (incoming, outgoing) => void outgoing.end(`at ${incoming.url}`);

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    // As `listen` on a port has it.
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
