import type { Server } from 'node:http';
import { Server as TcpServer, type Socket } from 'node:net';

export type Connections = {
  /** True once no further request is wanted on any connection. */
  readonly isClosing: boolean;
  /** Accepts no more; closes idle connections as they become idle. Resolves when the last one is closed. */
  closeGently(): Promise<void>;
  closeNow(): Promise<void>;
};

const sweepMs = 50;
/** A connection that has sent nothing for so long was opened in advance, as browsers do. */
const silentMs = 200;

export const trackConnections = (server: Server): Connections => {
  const openedAt = new Map<Socket, number>();
  let isClosing = false;
  server.on('connection', (socket: Socket) => {
    openedAt.set(socket, performance.now());
    socket.once('close', () => openedAt.delete(socket));
  });
  const sweep = () => {
    server.closeIdleConnections();
    const now = performance.now();
    for (const [socket, at] of openedAt) if (socket.bytesRead === 0 && now - at > silentMs) socket.destroy();
  };
  return {
    get isClosing() {
      return isClosing;
    },
    closeGently: async () => {
      isClosing = true;
      const closed = stopAccepting(server);
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

/**
 * http.Server's own close also ends idle connections at once, among them those whose next request has arrived but was
 * not read yet. The sweep ends them 50 ms later, when whatever was under way has been answered with `Connection: close`.
 */
const stopAccepting = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    TcpServer.prototype.close.call(server, () => resolve());
  });
