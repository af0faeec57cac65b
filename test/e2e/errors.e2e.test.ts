import { expect } from 'vitest';
import { z } from 'zod';

import { openOwner } from './database.ts';
import { createSuperuser, password, post, test } from './program.ts';

const listed = z.object({ items: z.array(z.object({ id: z.uuid(), state: z.string(), count: z.int() })) });
const shown = z.object({ lastTraceId: z.string(), samples: z.array(z.object({ logLines: z.array(z.string()) })) });
const problem = z.object({ code: z.literal('INTERNAL'), traceId: z.string() });

test(
  'an error of the last moment is stored before the process ends, with its log lines and without the password',
  { timeout: 120_000 },
  async ({ place }) => {
    const server = await place.start(['run-all-in-one']);
    await createSuperuser(place);
    const owner = await openOwner(place);
    await owner`alter table auth.sessions rename to mislaid`;
    await owner.end();
    const answer = await post(`${server.url}/api/v1/auth/admin-login`, { username: 'root', password });
    server.kill('SIGTERM');
    const { traceId } = problem.parse(await answer.json());
    expect(await server.exited).toMatchObject({ code: 0 });

    const list = await place.run(['errors', 'list', '--operation', 'auth.admin-login', '--json']);
    const { items } = listed.parse(JSON.parse(list.stdout));
    expect(items).toMatchObject([{ state: 'open', count: 1 }]);
    const [id = ''] = items.map((item) => item.id);
    const show = await place.run(['errors', 'show', id, '--json']);
    const { lastTraceId, samples } = shown.parse(JSON.parse(show.stdout));
    expect(lastTraceId).toBe(traceId);
    expect(samples[0]?.logLines.length).toBeGreaterThan(0);
    for (const line of samples[0]?.logLines ?? []) expect(line).toContain(traceId);
    expect(show.stdout).not.toContain(password);
    expect(await place.run(['errors', 'resolve', id])).toMatchObject({ code: 0 });
    expect(await place.run(['errors', 'resolve', id])).toMatchObject({ code: 3 });
  },
);
