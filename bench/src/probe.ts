import type { HttpRequest, Workload } from './workloads.ts';

/** Where a candidate serves a workload. */
export type Target = { readonly port: number; readonly path: string; readonly token: string };

export type Probe =
  | { readonly ok: true; /** The body of every answer, null if it changes. */ readonly body: string | null }
  | { readonly ok: false; readonly reason: string };

/** Looks whether a candidate does the work at all, before its speed is of interest: right answers and right refusals. */
export const probe = async (workload: Workload, { port, path, token }: Target): Promise<Probe> => {
  const bodies = new Set<string>();
  for (let times = 0; times < 3; times += 1) {
    const { status, body } = await ask(port, workload.request(path, token));
    if (status !== 200) return { ok: false, reason: `answers ${status}: ${body.slice(0, 200)}` };
    const wrong = workload.judge(parse(body));
    if (wrong !== null) return { ok: false, reason: `${wrong}: ${body.slice(0, 200)}` };
    bodies.add(body);
  }
  for (const { request, status } of workload.refusals(path, token)) {
    const answer = await ask(port, request);
    if (answer.status !== status)
      return { ok: false, reason: `answers ${answer.status} instead of ${status} to ${describe(request)}` };
  }
  return { ok: true, body: bodies.size === 1 ? ([...bodies][0] ?? null) : null };
};

/** The request's bytes as the generator sends them. */
export const toWire = (port: number, { method, path, token, body }: HttpRequest): string => {
  const head = [`${method} ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, 'Accept: application/json'];
  if (token !== null) head.push(`Authorization: Bearer ${token}`);
  if (body !== null) head.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`;
};

const ask = async (
  port: number,
  { method, path, token, body }: HttpRequest,
): Promise<{ status: number; body: string }> => {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    body,
    headers: {
      connection: 'close',
      // As the generator sends it: none, so that nobody compresses for one and not for the other.
      'accept-encoding': 'identity',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === null ? {} : { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(10_000),
  });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()).toString('latin1') };
};

const parse = (body: string): unknown => {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
};

const describe = ({ method, path, token, body }: HttpRequest): string =>
  `${method} ${path} ${token === null ? 'without a token' : 'with a wrong token'}${body === null ? '' : ` and the body ${body}`}`;
