import type { Sql } from 'postgres';
import { expect } from 'vitest';

/** Clients that make one named secret after another, and ask for each again until they are told that it is there. */
export type Load = {
  readonly acknowledged: readonly string[];
  /** Waits until so many more are acknowledged. */
  more(count: number): Promise<void>;
  /** What nobody should be answered, whatever happens: anything but "made", "try again" and no answer at all. */
  readonly odd: readonly string[];
  stop(): Promise<void>;
};

type Options = {
  /** Asked for each request, since a program that starts again has another address. */
  readonly url: () => string;
  readonly accessToken: string;
  readonly clients: number;
};

export const startLoad = ({ url, accessToken, clients }: Options): Load => {
  const acknowledged: string[] = [];
  const odd: string[] = [];
  let isStopped = false;
  const make = async (name: string): Promise<void> => {
    for (;;) {
      const outcome = await send({ url: url(), accessToken, name });
      if (outcome === 'made') acknowledged.push(name);
      else if (outcome !== 'again') odd.push(outcome);
      if (outcome !== 'again' || isStopped) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const client = async (id: number) => {
    for (let n = 0; !isStopped; n += 1) await make(`load-${id}-${n}`);
  };
  const running = Promise.all(Array.from({ length: clients }, (_, id) => client(id)));
  return {
    acknowledged,
    odd,
    more: async (count) => {
      const wanted = acknowledged.length + count;
      const deadline = performance.now() + 60_000;
      while (acknowledged.length < wanted) {
        if (performance.now() > deadline)
          throw new Error(`${acknowledged.length} of ${wanted} after a minute: ${odd.join(', ')}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    stop: async () => {
      isStopped = true;
      await running;
    },
  };
};

type Request = { readonly url: string; readonly accessToken: string; readonly name: string };

const send = async ({ url, accessToken, name }: Request): Promise<string> => {
  const response = await fetch(`${url}/api/v1/platform/secrets`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${accessToken}`,
      'idempotency-key': name,
    },
    body: JSON.stringify({ name, value: `value of ${name}` }),
  }).catch(() => null);
  const body = await response?.text().catch(() => null);
  if (!response || body === null || body === undefined) return 'again';
  if (response.status === 201) return 'made';
  const isLater = response.status === 503 || body.includes('REQUEST_IN_PROGRESS');
  return isLater ? 'again' : `${response.status} ${body}`;
};

/** Everything that was acknowledged is there, once, and whole. `sql` as the owner. */
export const expectWhole = async ({ acknowledged, odd }: Load, sql: Sql): Promise<void> => {
  const rows = await sql<{ name: string; versions: number }[]>`
    select s.name, count(v.id)::int as versions
    from platform.secrets s left join platform.secret_versions v on v.secret_id = s.id
    where s.name like 'load-%' group by s.id`;
  const names = new Set(rows.map(({ name }) => name));
  expect(odd).toEqual([]);
  expect(acknowledged.filter((name) => !names.has(name))).toEqual([]);
  expect(rows.filter(({ versions }) => versions !== 1)).toEqual([]);
};
