import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { sql as text } from 'drizzle-orm';
import { describe, expect, onTestFinished, vi } from 'vitest';

import { newId } from '#kernel/ids.ts';
import { buildSecrets } from '#test/build.ts';
import { test as base } from '#test/database.ts';
import { merkleRoot } from './merkle.ts';
import { buildChange, newSecrets, openTrail as openOneTrail } from './testing/open-trail.ts';
import { findTamperings } from '../database/testing/find-tamperings.ts';
import { verifyTrail } from './verify-trail.ts';

const test = base
  .extend('masterKey', { scope: 'file' }, () => randomBytes(32).toString('base64'))
  .extend('secrets', { scope: 'file' }, ({ masterKey }) => buildSecrets({ masterKey }));

const openTrail = async (...given: Parameters<typeof openOneTrail>) => {
  const trail = await openOneTrail(...given);
  // Else it would seal what a later test writes.
  onTestFinished(() => trail.audit.close());
  return trail;
};

const leaf = (byte: number) => Buffer.alloc(48, byte);

describe('the tree', () => {
  test('is that of RFC 6962: split at the largest power of two, leaves and nodes told apart', () => {
    const one = (...leaves: number[]) => merkleRoot(Buffer.concat(leaves.map(leaf))).toString('hex');
    // Computed apart from this program: sha256(01 || left || right), leaves sha256(00 || leaf).
    expect(one(1)).toBe('e64b8e1fd88ae1c8d4a81dbd4073b83fa8d3de44d73403fc414dfbfc3a3065ef');
    expect(one(1, 2, 3)).toBe('5d9014e6ffee77cb1230159c06669ffd98671aa9c8a5c1909b3da08ff5b53c12');
    expect(one(1, 2, 3, 4, 5)).toBe('3a2086b8504b87f5a65d5e07ad39e5495257ff2a82aea446b8990bcbfea86562');
  });
});

describe('seals', () => {
  test('find every edit, deletion, reordering and cut, name it, and find nothing else', async ({
    database,
    secrets,
    sql,
  }) => {
    const { audit, write } = await openTrail(database, { secrets });
    for (let batch = 0; batch < 6; batch += 1) {
      for (let change = 0; change < 5; change += 1) {
        const notes = Array.from({ length: 1 + (change % 3) }, () => ({
          subject: `thing:${newId()}`,
          after: { batch, change },
        }));
        await write(notes, { operation: `probe.batch-${batch}` });
      }
      await audit.verify();
    }
    const { problems, events, seals } = await findTamperings({ database, secrets, sql }, 68, 1);
    expect(problems).toEqual([]);
    expect({ isLarge: events > 50, isLong: seals > 5 }).toEqual({ isLarge: true, isLong: true });
  }, 180_000);

  test('name an edited event with its operation and time, and the seal that tells', async ({
    database,
    secrets,
    sql,
  }) => {
    const { audit, write } = await openTrail(database, { secrets });
    const subject = newId();
    await write([{ subject, after: { amount: 1 } }], { operation: 'probe.pay' });
    const { head } = await audit.verify();
    const [row] =
      await sql`update kernel.audit_events set after = '{"amount":2}' where subject = ${subject} returning id`;
    const { findings } = await audit.verify();
    expect(findings).toMatchObject([
      { kind: 'event_changed', seal: head?.seq, eventId: row?.['id'], operation: 'probe.pay' },
    ]);
    await sql`update kernel.audit_events set after = '{"amount":1}' where subject = ${subject}`;
    expect(await audit.verify()).toMatchObject({ findings: [] });
  });

  test('hold with another key for nobody who lacks the master key', async ({ database, secrets }) => {
    const { audit, write } = await openTrail(database, { secrets });
    await write([{ subject: newId() }]);
    await audit.verify();
    await expect(verifyTrail({ database, secrets: newSecrets(), head: null })).rejects.toMatchObject({
      code: 'MASTER_KEY_WRONG',
    });
  });

  test('skip no transaction that commits late', async ({ database, secrets }) => {
    const { audit, write } = await openTrail(database, { secrets });
    const [slow, quick] = [newId(), newId()];
    const held = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<void>();
    const late = database.transaction(async (tx) => {
      await tx.execute(text`select pg_current_xact_id()`);
      begun.resolve();
      await held.promise;
      audit.record(tx, buildChange([{ subject: slow }]));
    });
    await begun.promise;
    await write([{ subject: quick }]);
    expect(await audit.verify()).toMatchObject({ unsealed: 1, findings: [] });
    held.resolve();
    await late;
    expect(await audit.verify()).toMatchObject({ unsealed: 0, findings: [] });
  });

  test('are made without being asked for, by whoever wrote, and told to the log', async ({ database, secrets }) => {
    const { write, logged, metrics } = await openTrail(database, { secrets });
    await write([{ subject: newId() }]);
    await vi.waitFor(() => expect(logged).toContainEqual(expect.objectContaining({ msg: 'audit sealed' })), {
      timeout: 10_000,
    });
    await vi.waitFor(async () => expect(await metrics.expose()).toMatch(/^ashlar_audit_unsealed 0$/m), {
      timeout: 10_000,
    });
  });

  test('of two months in one batch are two, and neither spans both', async ({ database, secrets, sql }) => {
    const { audit } = await openTrail(database, { secrets });
    await audit.verify();
    await sql`
      insert into kernel.audit_events (id, at, actor_type, operation, outcome)
      select gen_random_uuid(), now() + make_interval(months => n % 2), 'system', 'probe.months', 'ok' from generate_series(1, 6) n`;
    expect(await audit.verify()).toMatchObject({ unsealed: 0, findings: [] });
    const [one, other] =
      await sql`select month, from_xid, to_xid, count from kernel.audit_seals order by seq desc limit 2`;
    expect(one).toMatchObject({ from_xid: other?.['from_xid'], to_xid: other?.['to_xid'], count: 3 });
    expect(one?.['month']).not.toEqual(other?.['month']);
  });

  test('of many writers and many sealers at once are one chain without a gap', async ({ database, secrets, sql }) => {
    const trails = await Promise.all(Array.from({ length: 3 }, () => openTrail(database, { secrets })));
    const [before] = await sql`select count(*)::int as count from kernel.audit_events`;
    await Promise.all(
      trails.flatMap(({ write, audit }) => [
        ...Array.from({ length: 60 }, (_, n) => write([{ subject: `${n}` }])),
        ...Array.from({ length: 5 }, () => audit.verify()),
      ]),
    );
    const [trail] = trails;
    const checked = await trail?.audit.verify();
    expect(checked).toMatchObject({ unsealed: 0, findings: [], events: Number(before?.['count']) + 180 });
  });

  test('are made by another process when the one that was at it is killed', async ({
    database,
    databaseUrl,
    masterKey,
    secrets,
  }) => {
    const { audit, write } = await openTrail(database, { secrets });
    const script = fileURLToPath(new URL('../database/testing/sealer-process.ts', import.meta.url));
    await audit.verify();
    await write([{ subject: newId() }]);
    const child = spawn(process.execPath, [script, databaseUrl, masterKey], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    await vi.waitFor(async () => expect(await audit.verify()).toMatchObject({ unsealed: 0, findings: [] }), {
      timeout: 20_000,
    });
  });

  test('hold a transaction that wrote more than a seal should have', async ({ database, secrets, sql }) => {
    const { audit } = await openTrail(database, { secrets });
    await audit.verify();
    await sql`
      insert into kernel.audit_events (id, actor_type, operation, outcome)
      select gen_random_uuid(), 'system', 'probe.many', 'ok' from generate_series(1, 5000) n`;
    expect(await audit.verify()).toMatchObject({ unsealed: 0, findings: [] });
    const [row] = await sql`select max(count)::int as most from kernel.audit_seals`;
    expect(row).toEqual({ most: 5000 });
  });
});
