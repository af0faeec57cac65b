import { AppError, kernelError } from '../error.ts';
import type { Exchange, Incoming } from './exchange.ts';

export const bodyTooLarge = (limitBytes: number): AppError =>
  kernelError('BODY_TOO_LARGE', { details: { limitBytes } });

const empty = Buffer.alloc(0);

/**
 * Reads the whole body, at most `route.bodyLimitBytes`; once somebody has, it stands in `exchange.body`. Throws BODY_TOO_LARGE as soon as it is exceeded; what still
 * arrives is drained by the adapter for half a second, so that the client can read the answer.
 */
export const readBody = (exchange: Exchange): Promise<Buffer> | Buffer => {
  if (exchange.body !== null) return exchange.body;
  const { headers } = exchange.incoming;
  const length = headers['content-length'];
  if (length === '0' || (length === undefined && headers['transfer-encoding'] === undefined)) return empty;
  return new Promise((resolve, reject) => {
    exchange.isReadingBody = true;
    collect(exchange.incoming, exchange.route.bodyLimitBytes, (result) => {
      exchange.isReadingBody = false;
      if (result instanceof AppError) reject(result);
      else resolve(result);
    });
  });
};

const collect = (incoming: Incoming, limitBytes: number, done: (result: Buffer | AppError) => void): void => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  const onData = (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= limitBytes) return void chunks.push(chunk);
    incoming.off('data', onData);
    incoming.pause();
    return done(bodyTooLarge(limitBytes));
  };
  incoming.on('data', onData);
  incoming.on('end', () => done(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)));
  incoming.on('close', () => {
    if (!incoming.readableEnded) done(new AppError('CLIENT_GONE', { kind: 'invalid' }));
  });
};
