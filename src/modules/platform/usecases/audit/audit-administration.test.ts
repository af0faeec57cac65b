import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect } from 'vitest';
import { z } from 'zod';

import { newId } from '#kernel/ids.ts';
import { type TestApp, test as base } from '#test/app.ts';
import { buildActor } from '#test/build.ts';
import { run } from '#test/run.ts';

const test = base.extend('directory', async ({}, { onCleanup }) => {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-audit-'));
  onCleanup(() => rm(directory, { recursive: true }));
  return directory;
});

const actor = buildActor();
const path = '/api/v1/platform/audit';

const get = async (app: TestApp, query = '') => {
  const response = await app.as(actor).request(`${path}?${query}`);
  return { status: response.status, ...JSON.parse(await response.text()) };
};

/** Something that is audited: pauses a queue of a new name; answers its subject. */
const change = async (app: TestApp): Promise<string> => {
  const queue = newId();
  await app.kernel.database.transaction((tx) =>
    app.kernel.tasks.enqueue(
      tx,
      { name: 'platform.probe', payload: z.object({ seconds: z.number() }) },
      { seconds: 0 },
      { queue },
    ),
  );
  const response = await app.as(actor).request(`/api/v1/platform/queues/${queue}/pause`, { method: 'POST' });
  expect(response.status).toBe(204);
  return `queue:${queue}`;
};

const shape = z.looseObject({
  findingCount: z.int(),
  findings: z.array(z.looseObject({ kind: z.string(), message: z.string() })),
});
const inspect = async (app: TestApp, input = {}) => shape.parse(await run(app, 'platform.inspect-audit', input));
const hashOf = (verified: object): string =>
  z.object({ head: z.object({ hash: z.string() }) }).parse(verified).head.hash;

describe('get-audit-log', () => {
  test('shows a change with who made it, from every filter, and a page at a time', async ({ app }) => {
    const [first, second] = [await change(app), await change(app)];
    const subjects = async (query: string) =>
      (await get(app, query)).items.map(({ subject }: { subject: string }) => subject);
    expect((await get(app, `subject=${first}`)).items).toMatchObject([
      {
        operation: 'platform.pause-queue',
        actorType: 'admin',
        actorId: actor.id,
        outcome: 'ok',
        before: null,
        after: { isPaused: true },
      },
    ]);
    expect(await subjects(`actor=${actor.id}&operation=platform.pause-queue&limit=2`)).toEqual([second, first]);
    expect(await subjects(`subject=${first}&outcome=forbidden`)).toEqual([]);
    expect(await subjects(`subject=${first}&from=2100-01-01T00:00:00Z`)).toEqual([]);
    expect(await subjects(`subject=${first}&to=2000-01-01T00:00:00Z`)).toEqual([]);
    const { nextCursor } = await get(app, `actor=${actor.id}&limit=1`);
    expect(await subjects(`actor=${actor.id}&limit=1&cursor=${nextCursor}`)).toEqual([first]);
  });

  test('is what audit list prints', async ({ app }) => {
    const subject = await change(app);
    expect(await run(app, 'platform.list-audit-log', { subject })).toMatchObject({
      items: (await get(app, `subject=${subject}`)).items,
    });
  });
});

describe('verify-audit', () => {
  test('enqueues one task, which finds nothing, and then an event that was edited', async ({ app, sql }) => {
    const subject = await change(app);
    const ask = async () => {
      const response = await app.as(actor).request(`${path}/verify`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(response.status).toBe(202);
      return z.object({ taskId: z.uuid() }).parse(await response.json());
    };
    expect(await ask()).toEqual(await ask());
    expect(await run(app, 'platform.check-audit', {})).toMatchObject({ findingCount: 0, findings: [] });

    const [row] = await sql`update kernel.audit_events set actor_id = 'nobody' where subject = ${subject} returning id`;
    expect(await run(app, 'platform.check-audit', {})).toMatchObject({
      findingCount: 1,
      findings: [expect.stringContaining(row?.['id'])],
    });
    expect(app.logged).toContainEqual(
      expect.objectContaining({ finding: expect.objectContaining({ eventId: row?.['id'] }) }),
    );
    await sql`update kernel.audit_events set actor_id = ${actor.id} where subject = ${subject}`;
    const alerts =
      await sql`select name, payload ->> 'value' as value from kernel.tasks where group_key = 'platform:audit' order by seq`;
    expect(alerts).toEqual([
      { name: 'platform.resolve-alert', value: null },
      { name: 'platform.raise-alert', value: '1' },
    ]);
  });
});

describe('audit verify', () => {
  test('misses a head that was kept elsewhere, and only such a one', async ({ app }) => {
    await change(app);
    const verified = await inspect(app);
    expect(await inspect(app, { head: hashOf(verified) })).toMatchObject({ findingCount: 0 });
    expect((await inspect(app, { head: 'a'.repeat(64) })).findings).toMatchObject([{ kind: 'head_missing' }]);
  });

  test('says FILE_NOT_FOUND of a file that is not there', async ({ app, directory }) => {
    await expect(inspect(app, { file: join(directory, 'none') })).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
  });
});

describe('an export', () => {
  test('is the same over HTTP and by the command, verifies, and is noted', async ({ app, directory }) => {
    const subject = await change(app);
    await inspect(app);
    const response = await app.as(actor).request(`${path}/export`);
    expect(response.headers.get('content-type')).toBe('application/x-ndjson');
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="audit-all.ndjson"');
    const streamed = join(directory, 'streamed.ndjson');
    await writeFile(streamed, await response.text());
    const saved = join(directory, 'saved.ndjson');
    await run(app, 'platform.save-audit', { file: saved });
    for (const file of [streamed, saved]) {
      expect(await readFile(file, 'utf8')).toContain(subject);
      expect(await inspect(app, { file })).toMatchObject({ findingCount: 0, findings: [] });
    }
    expect((await stat(saved)).mode & 0o777).toBe(0o600);
    expect((await get(app, 'operation=platform.export-audit')).items).toMatchObject([
      { after: { exported: 'everything' } },
    ]);
    await expect(run(app, 'platform.save-audit', { file: saved })).rejects.toMatchObject({ code: 'FILE_EXISTS' });
  });

  test('of a month that is over lets it be dropped, of the one that runs does not', async ({ app, sql }) => {
    await app
      .as(actor)
      .request(`${path}/export?month=2020-01`)
      .then((response) => response.text());
    const month = new Date().toISOString().slice(0, 7);
    await app
      .as(actor)
      .request(`${path}/export?month=${month}`)
      .then((response) => response.text());
    expect(await sql`select to_char(month, 'YYYY-MM') as month from kernel.audit_months`).toEqual([
      { month: '2020-01' },
    ]);
  });

  test.for([
    [
      'an edited event',
      (lines: string[]) => lines.map((line) => line.replace('pause-queue', 'pause-nothing')),
      'event_changed',
    ],
    [
      'a line less',
      (lines: string[]) =>
        lines.toSpliced(
          lines.findIndex((line) => line.includes('"event"')),
          1,
        ),
      'event_missing',
    ],
    [
      'a line twice',
      (lines: string[]) => lines.flatMap((line) => (line.includes('pause-queue') ? [line, line] : [line])),
      'event_added',
    ],
    ['a cut tail', (lines: string[]) => lines.slice(0, -3), 'file_damaged'],
    ['a cut head', (lines: string[]) => lines.slice(1), 'file_damaged'],
    ['what is no JSON', (lines: string[]) => lines.with(2, '{'), 'file_damaged'],
    [
      'a seal less',
      (lines: string[]) =>
        lines.toSpliced(
          lines.findIndex((line) => line.includes('"seal"')),
          1,
        ),
      'seal_missing',
    ],
    [
      'an edited seal',
      (lines: string[]) => lines.map((line) => line.replace(/"fromXid":"\d+"/, '"fromXid":"1"')),
      'signature_wrong',
    ],
    [
      'another key',
      (lines: string[]) => lines.map((line) => line.replace(/"keyId":"\w+"/, '"keyId":"0000000000000000"')),
      'signature_wrong',
    ],
  ] as const)('is found out by %s', async ([, damage, kind], { app, directory }) => {
    await change(app);
    await inspect(app);
    await change(app);
    await inspect(app);
    const response = await app.as(actor).request(`${path}/export`);
    const lines = (await response.text()).trimEnd().split('\n');
    const file = join(directory, 'damaged.ndjson');
    await writeFile(file, damage(lines).join('\n'));
    const { findings } = await inspect(app, { file });
    expect(findings.map((finding) => finding.kind)).toContain(kind);
  });

  test('from another installation needs its key', async ({ app, directory }) => {
    await change(app);
    const file = join(directory, 'own.ndjson');
    const { keys } = z.object({ keys: z.array(z.object({ publicKey: z.string() })) }).parse(await inspect(app));
    await run(app, 'platform.save-audit', { file });
    expect(await inspect(app, { file, publicKey: keys[0]?.publicKey })).toMatchObject({ findingCount: 0 });
    const other = await inspect(app, { file, publicKey: Buffer.alloc(32, 7).toString('base64') });
    expect(other.findings).toContainEqual(expect.objectContaining({ kind: 'signature_wrong' }));
  });
});
