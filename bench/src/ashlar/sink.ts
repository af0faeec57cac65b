import { createServer } from 'node:http';

export type Sink = {
  readonly url: string;
  /** Spans received so far. */
  spans(): number;
  close(): void;
};

/** A collector that thanks for everything (OTLP over HTTP, JSON) and only counts, so that it costs next to nothing. */
export const openSink = async (): Promise<Sink> => {
  let spans = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      spans += countOf(Buffer.concat(chunks), '"spanId"');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, spans: () => spans, close: () => void server.close() };
};

const countOf = (bytes: Buffer, wanted: string): number => {
  let count = 0;
  for (let at = bytes.indexOf(wanted); at >= 0; at = bytes.indexOf(wanted, at + wanted.length)) count += 1;
  return count;
};
