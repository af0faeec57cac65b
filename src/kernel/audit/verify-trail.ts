import type { KeyObject } from 'node:crypto';

import { type AuditMonth, listAuditMonths } from '../database/audit.ts';
import {
  findLastSeal,
  findUnsealed,
  listEventsById,
  listEventsInOrder,
  listSealsWithFound,
  type SealedPage,
} from '../database/audit-seals.ts';
import type { Database } from '../database/database.ts';
import type { Secrets } from '../secrets/secrets.ts';
import { type Head, toHead } from './anchor.ts';
import type { AuditEvent } from './audit-event.ts';
import { ChainCheck, checkLeaves } from './chain-check.ts';
import { type Finding, Findings } from './finding.ts';
import { loadKeys } from './keys.ts';
import type { LeafDiff } from './leaf-diff.ts';
import { leafBytes } from './merkle.ts';
import { nameFindings } from './name-findings.ts';
import { headOf, readPublicKey, type Seal } from './seal.ts';

export type Verification = {
  readonly events: number;
  readonly seals: number;
  /** Events that no seal vouches for yet, counted up to 100,001. */
  readonly unsealed: number;
  /** Null: nothing was sealed yet. */
  readonly head: Head | null;
  /** Whoever wants to verify an export elsewhere needs them: 32 bytes each, in base64. */
  readonly keys: readonly { readonly id: string; readonly publicKey: string }[];
  /** Months whose events were dropped, or are not in the file. */
  readonly absentMonths: readonly string[];
  /** The first thousand. */
  readonly findings: readonly Finding[];
  readonly findingCount: number;
};

export type VerifyOptions = {
  readonly database: Pick<Database, 'transaction' | 'lanes'>;
  readonly secrets: Pick<Secrets, 'open' | 'seal'>;
  /** Null: none. Else the hash of a seal, in hex, that must be in the chain. */
  readonly head: string | null;
  readonly signal?: AbortSignal | undefined;
};

const eventsPerPage = 8_192;
/** So old an event without a seal is a finding. */
const maxUnsealedSeconds = 600;
/** Of one seal, so many are looked up and named with their operation. */
const maxNamed = 100;
const before = '-9223372036854775808';
const noId = '00000000-0000-0000-0000-000000000000';

/** Goes through the whole chain a page at a time, in short transactions: it may take long and holds up nobody. */
export const verifyTrail = async (options: VerifyOptions): Promise<Verification> => new TrailCheck(options).run();

class TrailCheck {
  readonly #options: VerifyOptions;
  readonly #findings = new Findings();
  /** Up to which transaction the seals of a month go. */
  readonly #sealedTo = new Map<string, string>();
  #months: ReadonlyMap<string, AuditMonth> = new Map();
  #events = 0;
  #isHeadFound = false;

  constructor(options: VerifyOptions) {
    this.#options = options;
  }

  async run(): Promise<Verification> {
    const { database, secrets, head } = this.#options;
    const keys = await loadKeys(database.lanes, secrets);
    const [end] = await findLastSeal(database.lanes);
    this.#months = await this.#loadMonths();
    const chain = new ChainCheck({
      keys: new Map(keys.map(({ id, publicKey }): [string, KeyObject] => [id, readPublicKey(publicKey)])),
      findings: this.#findings,
      isWhole: true,
    });
    if (end !== undefined) await this.#checkSeals(chain, end);
    if (head !== null && !this.#isHeadFound) {
      this.#findings.add({
        kind: 'head_missing',
        message: `no seal has the hash ${head}: the end of the chain was cut off, or it is another chain`,
      });
    }
    const unsealed = await this.#checkUnsealed();
    await this.#forgetDropped();
    return {
      events: this.#events,
      seals: chain.count,
      unsealed,
      head: chain.last === null ? null : toHead(chain.last),
      keys: keys.map(({ id, publicKey }) => ({ id, publicKey: publicKey.toString('base64') })),
      absentMonths: [...this.#sealedTo.keys()].filter((month) => this.#months.get(month)?.isThere !== true),
      findings: this.#findings.kept,
      findingCount: this.#findings.count,
    };
  }

  async #loadMonths(): Promise<ReadonlyMap<string, AuditMonth>> {
    const months = await listAuditMonths(this.#options.database.lanes);
    return new Map(months.map((month) => [month.month, month]));
  }

  async #checkSeals(chain: ChainCheck, end: Seal): Promise<void> {
    const { database, signal } = this.#options;
    for (let afterSeq = 0; afterSeq < end.seq;) {
      signal?.throwIfAborted();
      const range = { afterSeq, toSeq: end.seq, events: eventsPerPage };
      const page = await database.transaction((tx) => listSealsWithFound(tx, range));
      for (const seal of page) await this.#checkSeal(chain, seal);
      const last = page.at(-1);
      if (last === undefined) break;
      afterSeq = last.seq;
    }
    for (const { month, isThere } of this.#months.values()) {
      if (isThere) await this.#checkUncovered(month, end.toXid, chain);
    }
  }

  async #checkSeal(chain: ChainCheck, { leaves, found, ...seal }: SealedPage): Promise<void> {
    chain.check(seal);
    if (headOf(seal).toString('hex') === this.#options.head) this.#isHeadFound = true;
    const { month, fromXid, toXid } = seal;
    const isNew = !this.#sealedTo.has(month);
    const isThere = this.#months.get(month)?.isThere === true;
    if (isThere) {
      await this.#checkUncovered(month, fromXid, chain);
      await this.#name(seal, checkLeaves({ seal, leaves, found }, this.#findings));
      this.#events += found.length / leafBytes;
    } else if (isNew && typeof this.#months.get(month)?.droppedAt !== 'string') {
      this.#findings.add({
        kind: 'month_missing',
        month,
        message: `the events of ${month} are gone, and were not dropped by Ashlar`,
      });
    }
    this.#sealedTo.set(month, toXid);
  }

  /** What stands between the seals of its month, or before the first, came in later. */
  async #checkUncovered(month: string, upTo: string, { holes }: ChainCheck): Promise<void> {
    const from = this.#sealedTo.get(month) ?? before;
    if (BigInt(from) >= BigInt(upTo)) return;
    const range = { month, fromXid: from, toXid: upTo, afterXid: before, afterId: noId, limit: maxNamed };
    const events = await this.#options.database.transaction((tx) => listEventsInOrder(tx, range));
    for (const event of events) {
      const xid = BigInt(event.xid);
      if (!holes.some(({ fromXid, toXid }) => xid >= fromXid && xid < toXid)) this.#addUncovered(event);
    }
  }

  #addUncovered({ id, operation, at }: AuditEvent): void {
    const message = `event ${id} (${operation}, ${at}) was added, or moved, where no seal covers it any more`;
    this.#findings.add({ kind: 'event_added', month: at.slice(0, 7), eventId: id, operation, at, message });
  }

  async #name(seal: Seal, diff: LeafDiff): Promise<void> {
    const { changed, missing, added } = diff;
    if (changed.length + missing.length + added.length === 0) return;
    const { month } = seal;
    const ids = [...changed, ...added].slice(0, maxNamed);
    const events = await this.#options.database.transaction((tx) => listEventsById(tx, { month, ids }));
    const byId = new Map(events.map((event) => [event.id, event]));
    nameFindings(this.#findings, seal, { diff, byId });
  }

  async #checkUnsealed(): Promise<number> {
    const [unsealed] = await findUnsealed(this.#options.database.lanes);
    const { count = 0, oldestSeconds = 0 } = unsealed ?? {};
    if (oldestSeconds > maxUnsealedSeconds) {
      const minutes = Math.round(oldestSeconds / 60);
      this.#findings.add({
        kind: 'unsealed_too_long',
        message: `${count} events have no seal, one of them for ${minutes} minutes: a transaction that stays open holds the sealer up, or no process seals`,
      });
    }
    return count;
  }

  /** A month may be dropped in order while we look: its events are then gone in the middle of it. */
  async #forgetDropped(): Promise<void> {
    const was = this.#months;
    this.#months = await this.#loadMonths();
    this.#findings.forget(
      (month) => was.get(month)?.isThere === true && typeof this.#months.get(month)?.droppedAt === 'string',
    );
  }
}
