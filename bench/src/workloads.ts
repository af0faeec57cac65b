import type { PeerSettings } from './peers/settings.ts';

export type WorkloadId = 'hello' | 'post' | 'row';

export type HttpRequest = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly token: string | null;
  readonly body: string | null;
};

export type Workload = {
  readonly id: WorkloadId;
  readonly title: string;
  /** What the load asks for, on a candidate's path and with its token. */
  request(path: string, token: string): HttpRequest;
  /** Says what is wrong with the answer's JSON, null if nothing. */
  judge(answer: unknown): string | null;
  /** Requests that a working candidate refuses, so that one which checks nothing is found out. */
  refusals(path: string, token: string): readonly { readonly request: HttpRequest; readonly status: number }[];
};

const hello: Workload = {
  id: 'hello',
  title: 'hello: GET, a small JSON answer',
  request: (path) => ({ method: 'GET', path, token: null, body: null }),
  judge: (answer) => (read(answer, 'status') === 'ok' ? null : 'status is not ok'),
  refusals: () => [{ request: { method: 'GET', path: '/no-such-path', token: null, body: null }, status: 404 }],
};

const order = {
  customer: 'Ada Lovelace',
  email: 'ada@example.org',
  quantity: 3,
  tags: ['engine', 'analytical'],
  address: { city: 'London', postcode: 'W1J 7NT' },
};

const post: Workload = {
  id: 'post',
  title: 'POST: a JSON body of 150 bytes, validated',
  request: (path) => ({ method: 'POST', path, token: null, body: JSON.stringify(order) }),
  judge: (answer) => {
    const right = read(answer, 'customer') === order.customer && read(answer, 'city') === order.address.city;
    return right && read(answer, 'quantity') === 3 && read(answer, 'tags') === 2 ? null : 'the order is not confirmed';
  },
  refusals: (path) =>
    [
      { ...order, quantity: 0 },
      { ...order, email: 'nobody' },
      { ...order, address: { city: 'London' } },
    ].map((body) => ({
      request: { method: 'POST', path, token: null, body: JSON.stringify(body) },
      status: 400,
    })),
};

const row: Workload = {
  id: 'row',
  title: 'row: GET with a bearer token, one row of PostgreSQL',
  request: (path, token) => ({ method: 'GET', path, token, body: null }),
  judge: (answer) => (read(answer, 'login') === BENCH_LOGIN ? null : `login is not ${BENCH_LOGIN}`),
  refusals: (path, token) =>
    [null, `${token.slice(0, -8)}AAAAAAAA`].map((wrong) => ({
      request: { method: 'GET', path, token: wrong, body: null },
      status: 401,
    })),
};

/** The actor that every candidate reads. */
export const BENCH_LOGIN = 'root';

export const workloads: readonly Workload[] = [hello, post, row];

/** The peers' environment; Ashlar has its own configuration. */
export const peerEnvironment = (settings: PeerSettings, logFile: string): Record<string, string> => ({
  BENCH_DATABASE_URL: settings.databaseUrl,
  BENCH_TOKEN: settings.token,
  BENCH_ACTOR_ID: settings.actorId,
  BENCH_PUBLIC_JWK: JSON.stringify(settings.publicKey),
  BENCH_LOG_FILE: logFile,
});

const read = (answer: unknown, key: string): unknown =>
  typeof answer === 'object' && answer !== null
    ? Object.entries(answer).find(([name]) => name === key)?.[1]
    : undefined;
