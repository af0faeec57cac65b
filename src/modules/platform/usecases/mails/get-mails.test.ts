import { describe, expect, onTestFinished } from 'vitest';
import { z } from 'zod';

import { newId } from '#kernel/ids.ts';
import { readMails } from '#portals/platform.ts';
import { type TestApp, test } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { openWorker } from '#test/worker.ts';
import { askForMail, untilMail } from '../../testing/mails.ts';

const page = z.object({
  items: z.array(z.looseObject({ id: z.string(), to: z.string() })),
  nextCursor: z.string().nullable(),
});

const ask = async (app: TestApp, query: Readonly<Record<string, string>>) => {
  const actor = buildActor({ isSuperuser: false, permissions: new Set([readMails.name]) });
  const response = await app.as(actor).request(`/api/v1/platform/mails?${new URLSearchParams(query).toString()}`);
  expect(response.status).toBe(200);
  return page.parse(await response.json());
};

const capture = async (app: TestApp, options: Parameters<typeof askForMail>[1]): Promise<string> =>
  (await untilMail(app, await askForMail(app, options), ({ state }) => state === 'captured')).id;

describe('get-mails', () => {
  test('lists the mails to an address, newest first, page by page', async ({ app }) => {
    const worker = await openWorker(app);
    onTestFinished(worker.close);
    const to = `${newId()}@example.com`;
    const older = await capture(app, { to });
    const newer = await capture(app, { to, isSensitive: true });
    await capture(app, {});

    const first = await ask(app, { to, limit: '1' });
    expect(first.items).toMatchObject([{ id: newer, to, state: 'captured', isSensitive: true, subject: null }]);
    const second = await ask(app, { to, limit: '1', cursor: first.nextCursor ?? '' });
    expect(second).toMatchObject({ items: [{ id: older, subject: 'Mail from Ashlar arrives' }], nextCursor: null });
    expect(await ask(app, { to, state: 'failed' })).toEqual({ items: [], nextCursor: null });
    expect(await ask(app, { to, template: 'platform.other' })).toEqual({ items: [], nextCursor: null });
  });

  test('is refused without platform:read-mails', async ({ app }) => {
    const actor = buildActor({ isSuperuser: false, permissions: new Set(['platform:manage-mails']) });
    expect((await app.as(actor).request('/api/v1/platform/mails')).status).toBe(403);
  });
});
