import { createHash } from 'node:crypto';
import { createServer } from 'node:net';

import { embeddedError } from './embedded-error.ts';

// Below the ephemeral ports of Linux (32768) and macOS (49152): a client that reconnects to a dead server's ephemeral
// port can be given that very port as its own, and so connect to itself and keep the server from coming back.
const firstPort = 20_000;
const portCount = 10_000;
const attempts = 50;

/** A free port of 127.0.0.1: for one directory the same at each start, unless others took it. */
export const choosePort = async (home: string): Promise<number> => {
  const start = createHash('sha256').update(home).digest().readUInt32BE(0);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = firstPort + ((start + attempt) % portCount);
    if (await isFree(port)) return port;
  }
  throw embeddedError(
    'EMBEDDED_DATABASE_PORT_TAKEN',
    `found no free port for the embedded database on 127.0.0.1 after ${attempts} attempts from ${firstPort + (start % portCount)}: configure one`,
  );
};

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)));
  });
