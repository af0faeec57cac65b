import { listAuditMonths, markAuditExported } from '../database/audit.ts';
import {
  findLastSeal,
  findSealsOfMonth,
  listEventsInOrder,
  listSealsWithLeaves,
  type SealWithLeaves,
} from '../database/audit-seals.ts';
import type { Database } from '../database/database.ts';
import type { Secrets } from '../secrets/secrets.ts';
import type { AuditEvent } from './audit-event.ts';
import { type ExportLine, readSealLine, toSealLine } from './export-line.ts';
import { loadKeys } from './keys.ts';
import { headOf, type Seal } from './seal.ts';

export type ExportOptions = {
  readonly database: Pick<Database, 'lanes' | 'transaction'>;
  readonly secrets: Pick<Secrets, 'open' | 'seal'>;
  /** `2026-11`; null: everything that is there. */
  readonly month: string | null;
  readonly now: () => Date;
};

type Reader = ExportOptions['database'];
type Range = { readonly month: string; readonly fromXid: string; readonly toXid: string };

/** Seals behind one another of one month, whose events can be read in one go. */
type Run = { readonly month: string; readonly seals: readonly SealWithLeaves[] };

const eventsPerPage = 8_192;
const eventsPerRead = 500;
const lowest = '-9223372036854775808';
const highest = '9223372036854775807';
const noId = '00000000-0000-0000-0000-000000000000';

/**
 * The trail as lines: a header with the public keys; each seal, and behind it the events that it vouches for; what is
 * not sealed yet; an end that counts. Of a single month there are also the seals of others that stand in between, without
 * their events, so that the chain has no gap. Read in short transactions, a few hundred events at a time. A month that
 * is over and was read to its end may be dropped from then on.
 */
export async function* exportTrail(options: ExportOptions): AsyncGenerator<ExportLine> {
  const { database, secrets, month, now } = options;
  const keys = await loadKeys(database.lanes, secrets);
  const shown = keys.map(({ id, publicKey }) => ({ id, publicKey: publicKey.toString('base64') }));
  yield { type: 'header', format: 1, month, exportedAt: now().toISOString(), keys: shown };

  const [end] = await findLastSeal(database.lanes);
  const months = month === null ? await listMonths(database) : [month];
  const unsealed = new Set<string>();
  const count = { seals: 0, events: 0 };
  let head: string | null = null;
  for await (const line of readSealed(database, { month, months, end })) {
    if (line.type === 'seal') head = headOf(readSealLine(line).seal).toString('hex');
    count[line.type === 'seal' ? 'seals' : 'events'] += 1;
    yield line;
  }
  for await (const line of readUnsealed(database, months, end)) {
    unsealed.add(line.at.slice(0, 7));
    count.events += 1;
    yield line;
  }
  yield { type: 'end', ...count, head };
  await markExported(
    database,
    months.filter((one) => !unsealed.has(one)),
  );
}

const listMonths = async ({ lanes }: Reader): Promise<readonly string[]> =>
  (await listAuditMonths(lanes)).filter(({ isThere }) => isThere).map((one) => one.month);

const markExported = async ({ transaction }: Reader, months: readonly string[]): Promise<void> => {
  for (const month of months) await transaction((tx) => markAuditExported(tx, { month }));
};

type Wanted = { readonly month: string | null; readonly months: readonly string[]; readonly end: Seal | undefined };

async function* readSealed(database: Reader, wanted: Wanted): AsyncGenerator<ExportLine> {
  for await (const seals of readSeals(database, wanted)) {
    for (const run of toRuns(seals)) yield* readRun(database, run, wanted.months);
  }
}

async function* readUnsealed(database: Reader, months: readonly string[], end: Seal | undefined) {
  const fromXid = end?.toXid ?? lowest;
  for (const month of months) {
    for await (const event of readEvents(database, { month, fromXid, toXid: highest })) {
      yield { type: 'event', ...event } as const;
    }
  }
}

async function* readSeals(database: Reader, wanted: Wanted): AsyncGenerator<readonly SealWithLeaves[]> {
  const { afterSeq: begin, toSeq } = await findBounds(database, wanted);
  for (let afterSeq = begin; afterSeq < toSeq;) {
    const range = { afterSeq, toSeq, events: eventsPerPage };
    const page = await database.transaction((tx) => listSealsWithLeaves(tx, range));
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    afterSeq = last.seq;
  }
}

const findBounds = async ({ lanes }: Reader, { month, end }: Wanted) => {
  if (month === null) return { afterSeq: 0, toSeq: end?.seq ?? 0 };
  const [found] = await findSealsOfMonth(lanes, { month });
  const { first, last } = found ?? { first: null, last: null };
  return first === null || last === null ? { afterSeq: 0, toSeq: 0 } : { afterSeq: first - 1, toSeq: last };
};

const toRuns = (seals: readonly SealWithLeaves[]): readonly Run[] => {
  const runs: { month: string; seals: SealWithLeaves[] }[] = [];
  for (const seal of seals) {
    const run = runs.at(-1);
    if (run?.month === seal.month) run.seals.push(seal);
    else runs.push({ month: seal.month, seals: [seal] });
  }
  return runs;
};

async function* readRun(
  database: Reader,
  { month, seals }: Run,
  months: readonly string[],
): AsyncGenerator<ExportLine> {
  const isThere = months.includes(month);
  const [first] = seals;
  const last = seals.at(-1);
  if (first === undefined || last === undefined) return;
  const range = { month, fromXid: first.fromXid, toXid: last.toXid };
  const events = isThere ? readEvents(database, range) : nothing();
  let next = await events.next();
  for (const seal of seals) {
    yield toSealLine(isThere ? seal : { ...seal, leaves: null });
    while (next.done !== true && BigInt(next.value.xid) < BigInt(seal.toXid)) {
      yield { type: 'event', ...next.value };
      next = await events.next();
    }
  }
}

async function* nothing(): AsyncGenerator<AuditEvent> {}

async function* readEvents({ transaction }: Reader, range: Range): AsyncGenerator<AuditEvent, void> {
  let place = { afterXid: lowest, afterId: noId };
  for (;;) {
    const events = await transaction((tx) => listEventsInOrder(tx, { ...range, ...place, limit: eventsPerRead }));
    yield* events;
    const last = events.at(-1);
    if (last === undefined || events.length < eventsPerRead) return;
    place = { afterXid: last.xid, afterId: last.id };
  }
}

const chunkLength = 65_536;

/** As text: a line each, and many lines in one piece. */
export async function* toChunks(lines: AsyncIterable<ExportLine>): AsyncGenerator<string> {
  let chunk = '';
  for await (const line of lines) {
    chunk += `${JSON.stringify(line)}\n`;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
}
