import { sql as text } from 'drizzle-orm';
import fc from 'fast-check';
import { describe, expect, onTestFinished, vi } from 'vitest';

import type { Actor } from '#kernel/actor.ts';
import type { AuditFilter } from '#kernel/database/audit.ts';
import { openSession } from '#kernel/database/open-session.ts';
import { newId } from '#kernel/ids.ts';
import type { RunRecord } from '#kernel/run.ts';
import { buildActor } from '#test/build.ts';
import { test } from '#test/database.ts';
import type { Audit } from './audit.ts';
import { digestOf } from './audit-event.ts';
import { buildChange, openTrail } from './testing/open-trail.ts';

const everything = { actor: null, operation: null, subject: null, outcome: null, from: null, to: null };
const firstPage = { beforeAt: null, beforeId: null, limit: 1000 };
const list = (audit: Audit, filter: Partial<AuditFilter>) => audit.list({ ...everything, ...filter }, firstPage);

describe('what is recorded', () => {
  test('is there if, and only if, the change is', async ({ database }) => {
    const { audit, write } = await openTrail(database);
    const [kept, lost] = [newId(), newId()];
    await write([{ subject: kept, before: { name: 'a' }, after: { name: 'b' } }]);
    const failing = database.transaction(async (tx) => {
      audit.record(tx, buildChange([{ subject: lost }]));
      await tx.execute(text`select 1 / 0`);
    });
    await expect(failing).rejects.toThrow('division');
    expect(await list(audit, { subject: kept })).toMatchObject([
      {
        operation: 'probe.do-it',
        outcome: 'ok',
        actorType: 'admin',
        address: '203.0.113.7',
        before: '{"name":"a"}',
        after: '{"name":"b"}',
      },
    ]);
    expect(await list(audit, { subject: lost })).toEqual([]);
  });

  test('is the change itself, if it noted nothing and yet changed something', async ({ database }) => {
    const { audit } = await openTrail(database);
    const [wrote, looked, followed] = [newId(), newId(), newId()];
    const change = text`insert into kernel.queues (name, paused_at) values (${newId()}, now())`;
    await database.transaction(async (tx) => {
      await tx.execute(change);
      audit.record(tx, buildChange([], { operation: wrote }));
    });
    await database.transaction(async (tx) => {
      await tx.execute(text`select pg_current_xact_id()`);
      audit.record(tx, buildChange([], { operation: looked }));
    });
    await database.transaction(async (tx) => {
      await tx.execute(text`delete from kernel.queues`);
      audit.record(tx, buildChange([], { operation: followed, type: 'async_task' }));
    });
    expect(await list(audit, { operation: wrote })).toMatchObject([{ subject: null, outcome: 'ok' }]);
    expect(await list(audit, { operation: looked })).toEqual([]);
    expect(await list(audit, { operation: followed })).toEqual([]);
  });

  test.for([
    ['user_action', null, 'anonymous'],
    ['manual_command', null, 'system'],
    ['async_task', null, 'system'],
    ['user_action', buildActor({ type: 'service_acc' }), 'service_acc'],
  ] as const)('says who: %s by %o is %s', async ([type, actor, actorType], { database }) => {
    const { audit, write } = await openTrail(database);
    const subject = newId();
    await write([{ subject }], { type, actor });
    expect(await list(audit, { subject })).toMatchObject([{ actorType, actorId: actor?.id ?? null }]);
  });

  test('holds no secret, nothing that PostgreSQL cannot hold, and no more than 16 KB', async ({ database }) => {
    const { audit, write } = await openTrail(database);
    const [secret, odd, large] = [newId(), newId(), newId()];
    await write([
      {
        subject: secret,
        after: { newPassword: 'hunter2', nested: [{ apiKey: 'hunter2' }], text: 'Bearer hunter2hunter2hunter2' },
      },
      { subject: odd, after: { text: 'a\u0000b\ud800c', path: 'c:\\u0000' } },
      { subject: large, after: { text: 'x'.repeat(20_000) } },
    ]);
    const [masked] = await list(audit, { subject: secret });
    expect(masked?.after).not.toContain('hunter2');
    expect(masked?.after).toContain('[secret]');
    const [fit] = await list(audit, { subject: odd });
    expect(JSON.parse(fit?.after ?? '')).toEqual({ text: 'a\u{FFFD}b\u{FFFD}c', path: 'c:\\u0000' });
    expect(await list(audit, { subject: large })).toMatchObject([{ after: '{"tooLargeBytes":20011}' }]);
  });

  test('is digested by PostgreSQL as by us, whatever the text', async ({ database, sql }) => {
    const { audit, write } = await openTrail(database);
    const words = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((word) => !word.includes('\0') && word !== '');
    const note = fc.record({ before: fc.dictionary(words, fc.anything()), after: fc.object() }, { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(note, words, async (fields, operation) => {
        const subject = newId();
        await write([{ subject, ...fields }], { operation, origin: null });
        const [event] = await list(audit, { subject });
        if (event === undefined) throw new Error('it was not recorded');
        const [row] =
          await sql`select kernel.audit_digest(e) as digest from kernel.audit_events e where subject = ${subject}`;
        expect(digestOf(event).toString('hex')).toBe(Buffer.from(row?.['digest']).toString('hex'));
      }),
      { numRuns: 60 },
    );
  });

  test('is found by every filter, newest first, and page by page', async ({ database }) => {
    const { audit, write } = await openTrail(database);
    const actor = buildActor();
    const subjects = [newId(), newId(), newId()] as const;
    for (const subject of subjects) await write([{ subject }], { actor, operation: `probe.${subject}` });
    const found = async (filter: Parameters<typeof list>[1]) =>
      (await list(audit, filter)).map(({ subject }) => subject);
    const [first, second, third] = subjects;
    expect(await found({ actor: actor.id })).toEqual([third, second, first]);
    expect(await found({ subject: second })).toEqual([second]);
    expect(await found({ operation: `probe.${first}` })).toEqual([first]);
    expect(await audit.list({ ...everything, actor: actor.id, outcome: 'forbidden' }, firstPage)).toEqual([]);
    expect(await audit.list({ ...everything, actor: actor.id, to: new Date(0) }, firstPage)).toEqual([]);
    const [newest, ...rest] = await audit.list({ ...everything, actor: actor.id }, firstPage);
    const next = { beforeAt: newest?.at ?? null, beforeId: newest?.id ?? null, limit: 10 };
    expect(await audit.list({ ...everything, actor: actor.id }, next)).toEqual(rest);
  });
});

const refusal = (actor: Actor | null, operation: string, address = '203.0.113.7'): RunRecord => ({
  operation,
  type: 'user_action',
  actor,
  origin: { requestId: 'r', address, userAgent: null },
  traceId: '0'.repeat(32),
  outcome: actor === null ? 'unauthenticated' : 'forbidden',
  code: actor === null ? 'UNAUTHENTICATED' : 'PERMISSION_DENIED',
  notes: [],
});

describe('refusals', () => {
  test('are one event for each actor, or address, and operation, with their number', async ({ database }) => {
    const { audit } = await openTrail(database);
    const [one, other] = [newId(), newId()];
    const actor = buildActor();
    for (let count = 0; count < 50; count += 1) audit.refuse(refusal(actor, one));
    audit.refuse(refusal(actor, other));
    for (const address of ['2001:db8::1', '2001:db8::2', '203.0.113.9']) audit.refuse(refusal(null, one, address));
    await audit.close();
    const counts = async (operation: string) =>
      (await list(audit, { operation }))
        .map(({ actorType, count, outcome }) => `${actorType} ${outcome} ${count}`)
        .toSorted();
    expect(await counts(one)).toEqual([
      'admin forbidden 50',
      'anonymous unauthenticated 1',
      'anonymous unauthenticated 2',
    ]);
    expect(await counts(other)).toEqual(['admin forbidden 1']);
  });

  test('of an attack from everywhere are bounded, and none is lost from the count', async ({ database, sql }) => {
    const { audit } = await openTrail(database);
    const operation = newId();
    for (let count = 0; count < 3_000; count += 1)
      audit.refuse(refusal(null, operation, `10.1.${count >> 8}.${count & 255}`));
    await audit.close();
    const [row] = await sql`
      select count(*)::int as rows, sum(count)::int as refused from kernel.audit_events where operation = ${operation}`;
    expect(row).toEqual({ rows: 1001, refused: 3000 });
  });

  test('are written without being asked for', async ({ database }) => {
    const { audit } = await openTrail(database);
    onTestFinished(() => audit.close());
    const operation = newId();
    audit.refuse(refusal(null, operation));
    await vi.waitFor(
      async () =>
        expect(await list(audit, { operation })).toMatchObject([{ count: 1, code: 'UNAUTHENTICATED', subject: null }]),
      { timeout: 10_000 },
    );
  });
});

describe('the role that runs the program', () => {
  test.for([
    'update kernel.audit_events set operation = operation',
    'delete from kernel.audit_events',
    'truncate kernel.audit_events',
    'update kernel.audit_seals set count = 0',
    'delete from kernel.audit_seals',
    'delete from kernel.audit_leaves',
    'delete from kernel.audit_keys',
    "update kernel.audit_keys set public_key = ''",
    'insert into kernel.audit_months (month) values (now())',
    "insert into kernel.audit_events (id, actor_type, operation, outcome, xid) values (gen_random_uuid(), 'a', 'b', 'ok', 1)",
    "insert into kernel.audit_events (id, actor_type, operation, outcome, at) values (gen_random_uuid(), 'a', 'b', 'ok', '2020-01-01')",
  ])('may not: %s', async (statement, { databaseUrl }) => {
    const session = await openSession({ url: databaseUrl, name: 'test' });
    onTestFinished(() => session.close());
    await expect(session.sql.unsafe(statement)).rejects.toThrow('permission denied');
  });

  test('may not touch a month either, also one that was made later and after rights were granted anew', async ({
    databaseUrl,
    sql,
  }) => {
    const [later] = await sql`select 'audit_events_' || to_char(now() + interval '3 months', 'YYYYMM') as name`;
    await sql.unsafe(`drop table kernel.${later?.['name']}; select kernel.make_audit_months()`);
    const role = new URL(databaseUrl).username;
    await sql.unsafe(`grant all on all tables in schema kernel to ${role}; select kernel.guard_audit()`);
    const session = await openSession({ url: databaseUrl, name: 'test' });
    onTestFinished(() => session.close());
    for (const verb of [
      'update kernel.@ set count = 1',
      'delete from kernel.@',
      'insert into kernel.@ default values',
    ]) {
      await expect(session.sql.unsafe(verb.replace('@', later?.['name']))).rejects.toThrow('permission denied');
    }
    await expect(session.sql`select count(*) from kernel.audit_events`).resolves.toHaveLength(1);
  });
});

describe('months', () => {
  const month = (name: string) => `to_date('${name}', 'YYYY-MM')`;
  const makeOld = (name: string) => `
    create table kernel.audit_leaves_${name.replace('-', '')} partition of kernel.audit_leaves
      for values from (${month(name)}) to (${month(name)} + interval '1 month');
    create table kernel.audit_events_${name.replace('-', '')} partition of kernel.audit_events
      for values from (${month(name)}::timestamp at time zone 'UTC') to ((${month(name)} + interval '1 month') at time zone 'UTC');
    insert into kernel.audit_events (id, at, actor_type, operation, outcome)
      values (gen_random_uuid(), ${month(name)} + interval '3 days', 'system', 'probe.old', 'ok')`;

  test('past their retention go once they were exported, and leave a trace; others wait, and the log says so', async ({
    database,
    sql,
  }) => {
    const { audit, logged } = await openTrail(database);
    await sql.unsafe(`${makeOld('2020-01')}; ${makeOld('2020-02')}`);
    await database.transaction((tx) => tx.execute(text`select kernel.mark_audit_exported('2020-01-01')`));
    await database.transaction(audit.retention.dropExpired);
    const left =
      await sql`select to_char(at, 'YYYY-MM') as month from kernel.audit_events where operation = 'probe.old'`;
    expect(left.map((row) => row['month'])).toEqual(['2020-02']);
    expect(await list(audit, { subject: 'audit-month:2020-01' })).toMatchObject([
      { operation: 'kernel.drop-audit-month', actorType: 'system' },
    ]);
    expect(logged).toContainEqual(expect.objectContaining({ months: ['2020-02'] }));
    await sql`drop table kernel.audit_events_202002, kernel.audit_leaves_202002`;
  });

  test('cannot be dropped young, whatever the retention that somebody asks for', async ({ database, sql }) => {
    const { write, audit } = await openTrail(database);
    const subject = newId();
    await write([{ subject }]);
    await sql`select * from kernel.drop_audit_months(0, true)`;
    expect(await list(audit, { subject })).toHaveLength(1);
  });

  test('of the next quarter are there', async ({ sql }) => {
    const [row] = await sql`
      select bool_and(to_regclass('kernel.audit_events_' || to_char(now() + make_interval(months => n), 'YYYYMM')) is not null) as ready
      from generate_series(0, 3) n`;
    expect(row).toEqual({ ready: true });
  });
});
