import { expect } from 'vitest';
import { z } from 'zod';

import { openProcesses, type Served } from './processes.ts';

type World = {
  readonly databaseUrl: string;
  /** Of all that was done. */
  readonly listEffects: () => Promise<readonly number[]>;
};

type Scale = {
  /** Each is sent three times at least, twice at once. */
  readonly changes: number;
  readonly kills: number;
};

const clients = 16;
const created = z.object({ id: z.string() });

/**
 * Clients ask two processes for the changes 1, 2, 3 …, and for each again and again until it is answered, while these processes are
 * killed and replaced. Fails unless each change was made once, and everybody who asked for it got the same answer.
 */
export const repeatRequests = async ({ databaseUrl, listEffects }: World, { changes, kills }: Scale): Promise<void> => {
  const processes = openProcesses(databaseUrl);
  try {
    const served = await Promise.all([processes.start(), processes.start()]);
    const answers = new Map<number, Set<string>>();
    let sent = 0;
    let n = 0;
    let done = 0;
    const client = async () => {
      while (n < changes) {
        n += 1;
        const mine = n;
        const ask = () =>
          askUntilAnswered(
            () => pick(served),
            mine,
            () => (sent += 1),
          );
        const ids = [...(await Promise.all([ask(), ask()])), await ask()];
        answers.set(mine, new Set(ids));
        done += 1;
      }
    };
    const killer = async () => {
      for (let kill = 1; kill <= kills; kill += 1) {
        await untilMore(() => done >= Math.floor((changes * kill) / (kills + 1)));
        const slot = kill % served.length;
        await served[slot]?.kill();
        served[slot] = await processes.start();
      }
    };
    await Promise.all([killer(), ...Array.from({ length: clients }, client)]);

    const effects = (await listEffects()).toSorted((a, b) => a - b);
    expect(effects).toEqual(Array.from({ length: changes }, (_, index) => index + 1));
    expect([...answers].filter(([, ids]) => ids.size !== 1)).toEqual([]);
    expect(sent).toBeGreaterThanOrEqual(3 * changes);
  } finally {
    processes.close();
  }
};

const pick = (served: readonly Served[]): string => served[Math.floor(Math.random() * served.length)]?.url ?? '';

const askUntilAnswered = async (url: () => string, n: number, onSent: () => void): Promise<string> => {
  const deadline = performance.now() + 60_000;
  for (;;) {
    onSent();
    const answer = await send(url(), n);
    if (answer !== null) return answer;
    if (performance.now() > deadline) throw new Error(`the change ${n} was not answered within a minute`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

/** Null: it is running, or nobody answered. Throws for every answer that a client could not explain. */
const send = async (url: string, n: number): Promise<string | null> => {
  const response = await fetch(`${url}/api/v1/effects/${n}`, {
    method: 'POST',
    headers: { authorization: 'Bearer alice', 'idempotency-key': `change ${n}` },
  }).catch(() => null);
  const body = await response?.text().catch(() => null);
  if (!response || !body) return null;
  if (response.status === 201) return created.parse(JSON.parse(body)).id;
  if (response.status === 409 && body.includes('REQUEST_IN_PROGRESS')) return null;
  throw new Error(`${response.status}: ${body}`);
};

const untilMore = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
};
