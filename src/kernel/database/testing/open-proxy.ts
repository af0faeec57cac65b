import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Stands before PostgreSQL in tests and fails as networks and servers do. */
export type Proxy = {
  /** The URL of the server, through the proxy. */
  readonly url: string;
  /** Closes every connection and refuses new ones, as a server that was killed. */
  cut(): void;
  /** Keeps connections but lets nothing come back, as a host that lost power. */
  freeze(): void;
  /** Lets each answer come back so much later, as a distant network. */
  delay(ms: number): void;
  restore(): void;
  close(): Promise<void>;
};

export const openProxy = async (url: string): Promise<Proxy> => {
  const target = new URL(url);
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'open' | 'cut' | 'frozen' = 'open';
  let delayMs = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    const pair = [client, upstream] as const;
    const end = () => {
      client.destroy();
      upstream.destroy();
      pairs.delete(pair);
    };
    pairs.add(pair);
    for (const socket of pair) socket.on('error', end).on('close', end);
    if (mode === 'cut') return end();
    client.pipe(upstream);
    upstream.on('data', (bytes) => {
      if (delayMs === 0) client.write(bytes);
      else setTimeout(() => client.write(bytes), delayMs);
    });
    if (mode === 'frozen') upstream.pause();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // `as`: a server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const drop = () => pairs.forEach(([client, upstream]) => (client.destroy(), upstream.destroy()));
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href,
    cut: () => {
      mode = 'cut';
      drop();
    },
    freeze: () => {
      mode = 'frozen';
      pairs.forEach(([, upstream]) => upstream.pause());
    },
    delay: (ms) => {
      delayMs = ms;
    },
    restore: () => {
      mode = 'open';
      delayMs = 0;
      pairs.forEach(([, upstream]) => upstream.resume());
    },
    close: () => {
      drop();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
};
