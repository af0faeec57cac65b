import type { Sql } from 'postgres';

/** Numbers in [0, 1) from a seed: a run that fails can be repeated (mulberry32). */
export const createRandom = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
};

export type Tampering = {
  readonly name: string;
  /** Changes something in the transaction; answers a word that the findings must hold. */
  apply(sql: Sql, random: () => number): Promise<string>;
};

const pick = async (sql: Sql, random: () => number): Promise<string> => {
  const [row] = await sql`
    select e.id from kernel.audit_events e
    where e.xid < (select max(to_xid) from kernel.audit_seals)
    order by e.xid, e.id offset floor(${random()}::float8 * (
      select count(*) from kernel.audit_events where xid < (select max(to_xid) from kernel.audit_seals))) limit 1`;
  return row?.['id'];
};

const edit = (name: string, change: string): Tampering => ({
  name: `edit ${name}`,
  apply: async (sql, random) => {
    const id = await pick(sql, random);
    await sql.unsafe(`update kernel.audit_events set ${change} where id = $1`, [id]);
    return id;
  },
});

const swap = (name: string, columns: string): Tampering => ({
  name: `swap ${name}`,
  apply: async (sql, random) => {
    const [one, other] = [await pick(sql, random), await pick(sql, random)];
    if (one === other) return edit('subject', "subject = 'other'").apply(sql, random);
    const names = columns
      .split(', ')
      .map((column) => `${column} = o.${column}`)
      .join(', ');
    await sql.unsafe(
      `update kernel.audit_events e set ${names}
       from (select * from kernel.audit_events where id in ($1, $2)) o
       where e.id in ($1, $2) and o.id in ($1, $2) and o.id <> e.id`,
      [one, other],
    );
    return one;
  },
});

const onSeal = (name: string, statement: string): Tampering => ({
  name,
  apply: async (sql, random) => {
    // Not the last: without an anchor its loss shows nowhere.
    const [row] = await sql`
      select seq from kernel.audit_seals order by seq
      offset floor(${random()}::float8 * ((select count(*) from kernel.audit_seals) - 1)) limit 1`;
    await sql.unsafe(statement, [row?.['seq']]);
    return `seal ${row?.['seq']}`;
  },
});

/** Whatever somebody with all rights over the tables, but without the master key, may think of. */
export const tamperings: readonly Tampering[] = [
  edit('operation', "operation = operation || 'x'"),
  edit('subject', "subject = coalesce(subject, '') || 'x'"),
  edit('actor', "actor_id = 'somebody else'"),
  edit('actor type', "actor_type = 'system'"),
  edit('outcome', "outcome = 'forbidden'"),
  edit('address', "address = '198.51.100.1'"),
  edit('count', 'count = count + 1'),
  edit('before', `before = '{"name":"z"}'`),
  edit('a space in after', `after = (' ' || coalesce(after::text, '{}'))::json`),
  edit('after away', 'after = null, session_id = null'),
  edit('time', "at = at + interval '1 millisecond'"),
  edit('transaction', 'xid = xid - 1'),
  edit('into the future', 'xid = xid + 1000000000'),
  edit('id', 'id = gen_random_uuid()'),
  edit('one field into its neighbour', 'operation = operation || subject, subject = null'),
  swap('subjects', 'subject'),
  swap('transactions', 'xid'),
  swap('everything but the id', 'xid, actor_id, subject, after'),
  {
    name: 'delete',
    apply: async (sql, random) => {
      const id = await pick(sql, random);
      await sql`delete from kernel.audit_events where id = ${id}`;
      return id;
    },
  },
  {
    name: 'delete all of one seal',
    apply: async (sql, random) => {
      const id = await pick(sql, random);
      await sql`
        delete from kernel.audit_events e using kernel.audit_seals s, kernel.audit_events o
        where o.id = ${id} and o.xid >= s.from_xid and o.xid < s.to_xid and e.xid >= s.from_xid and e.xid < s.to_xid`;
      return id;
    },
  },
  {
    name: 'cut off everything behind an event',
    apply: async (sql, random) => {
      const id = await pick(sql, random);
      await sql`
        delete from kernel.audit_events e using kernel.audit_events o
        where o.id = ${id} and (e.xid, e.id) >= (o.xid, o.id) and e.xid < (select max(to_xid) from kernel.audit_seals)`;
      return id;
    },
  },
  {
    name: 'add a copy in the past',
    apply: async (sql, random) => {
      const id = await pick(sql, random);
      const [row] = await sql`
        insert into kernel.audit_events (id, at, xid, actor_type, operation, outcome)
        select gen_random_uuid(), at, xid, 'admin', 'probe.forged', 'ok' from kernel.audit_events where id = ${id} returning id`;
      return row?.['id'];
    },
  },
  {
    name: 'move into another month',
    apply: async (sql, random) => {
      const id = await pick(sql, random);
      await sql`update kernel.audit_events set at = at + interval '1 month' where id = ${id}`;
      return id;
    },
  },
  onSeal('delete a seal', 'delete from kernel.audit_seals where seq = $1'),
  onSeal('edit the count of a seal', 'update kernel.audit_seals set count = count + 1 where seq = $1'),
  onSeal('edit the root of a seal', 'update kernel.audit_seals set root = sha256(root) where seq = $1'),
  onSeal('edit the time of a seal', "update kernel.audit_seals set at = at + interval '1 second' where seq = $1"),
  onSeal('edit the range of a seal', 'update kernel.audit_seals set to_xid = to_xid + 1 where seq = $1'),
  onSeal(
    'edit a signature',
    'update kernel.audit_seals set signature = sha256(signature) || sha256(root) where seq = $1',
  ),
  onSeal('forge leaves', 'update kernel.audit_leaves set leaves = sha256(leaves) where seq = $1'),
  onSeal('delete leaves', 'delete from kernel.audit_leaves where seq = $1'),
  {
    name: 'swap two seals',
    apply: async (sql, random) => {
      const [row] = await sql`
        select seq from kernel.audit_seals order by seq
        offset floor(${random()}::float8 * ((select count(*) from kernel.audit_seals) - 1)) limit 1`;
      const seq = Number(row?.['seq']);
      await sql`update kernel.audit_seals set seq = -seq where seq in (${seq}, ${seq + 1})`;
      await sql`update kernel.audit_seals set seq = case seq when ${-seq} then ${seq + 1}::int else ${seq}::int end where seq < 0`;
      return `seal ${seq}`;
    },
  },
  {
    name: 'cut off the end of the chain',
    apply: async (sql) => {
      await sql`delete from kernel.audit_seals where seq = (select max(seq) from kernel.audit_seals)`;
      return 'cut off';
    },
  },
];
