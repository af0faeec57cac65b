import type { Server } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';

export type Connections = {
  /** True once no further request is wanted on any connection. */
  readonly isClosing: boolean;
  /** Accepts no more; closes idle connections once nobody speaks. Resolves when the last one is closed. */
  closeGently(): Promise<void>;
  closeNow(): Promise<void>;
};

const sweepMs = 50;
/**
 * A client that talked to us a moment ago may have its next request on the way: it gets its answer, with
 * `Connection: close`. Only when nobody has sent anything for so long are idle connections closed.
 */
const quietMs = 500;

export const trackConnections = (server: Server): Connections => {
  const bytesRead = new Map<Socket, number>();
  let isClosing = false;
  server.on('connection', (socket: Socket) => {
    bytesRead.set(socket, 0);
    socket.once('close', () => bytesRead.delete(socket));
  });
  let lastHeardAt = 0;
  const sweep = () => {
    for (const [socket, before] of bytesRead) {
      if (socket.bytesRead === before) continue;
      bytesRead.set(socket, socket.bytesRead);
      lastHeardAt = performance.now();
    }
    if (performance.now() - lastHeardAt < quietMs) return;
    server.closeIdleConnections();
    // Opened in advance, as browsers do: to Node they are not idle before their first request.
    for (const socket of bytesRead.keys()) if (socket.bytesRead === 0) socket.destroy();
  };
  return {
    get isClosing() {
      return isClosing;
    },
    closeGently: async () => {
      isClosing = true;
      const closed = stopAccepting(server);
      lastHeardAt = performance.now();
      const timer = setInterval(sweep, sweepMs);
      await closed;
      clearInterval(timer);
    },
    closeNow: async () => {
      isClosing = true;
      const closed = stopAccepting(server);
      // Ends its timer, too; the listening socket is closed already.
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** http.Server's own close also ends idle connections at once, among them those whose next request has arrived unread. */
const stopAccepting = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve());
  });
