import type { KeyObject } from 'node:crypto';

import { toHead } from './anchor.ts';
import { type AuditEvent, leafOf } from './audit-event.ts';
import { ChainCheck, checkLeaves } from './chain-check.ts';
import { type ExportLine, exportLine, readSealLine } from './export-line.ts';
import { Findings } from './finding.ts';
import { nameFindings } from './name-findings.ts';
import { headOf, keyIdOf, readPublicKey, type Seal } from './seal.ts';
import type { Verification } from './verify-trail.ts';

export type VerifyExportOptions = {
  /** Public keys of 32 bytes that are known to be right; null: those of the file are believed. */
  readonly keys: readonly Buffer[] | null;
  /** Null: none. Else the hash of a seal, in hex, that must be in the file. */
  readonly head: string | null;
};

/** Goes through an export line by line: memory holds one seal and its events' digests. */
export const verifyExport = async (
  lines: AsyncIterable<string>,
  options: VerifyExportOptions,
): Promise<Verification> => {
  const check = new ExportCheck(options);
  for await (const line of lines) check.read(line);
  return check.finish();
};

type Open = {
  readonly seal: Seal;
  readonly leaves: Buffer | null;
  readonly found: Buffer[];
  readonly byId: Map<string, AuditEvent>;
};

class ExportCheck {
  readonly #options: VerifyExportOptions;
  readonly #findings = new Findings();
  readonly #schema = exportLine();
  readonly #present = new Set<string>();
  /** Seals without their events, by month: a month is in the file as a whole, or not at all. */
  readonly #absent = new Map<string, number[]>();
  #keys: readonly Buffer[];
  #chain: ChainCheck | null = null;
  #open: Open | null = null;
  #lines = 0;
  #events = 0;
  #unsealed = 0;
  #end: Extract<ExportLine, { type: 'end' }> | null = null;
  #isHeadFound = false;

  constructor(options: VerifyExportOptions) {
    this.#options = options;
    this.#keys = options.keys ?? [];
  }

  read(text: string): void {
    this.#lines += 1;
    const parsed = this.#schema.safeParse(parse(text));
    if (!parsed.success) return this.#damaged(`line ${this.#lines} is none of an export`);
    const line = parsed.data;
    if (this.#chain === null) return this.#begin(line);
    if (this.#end !== null) return this.#damaged(`line ${this.#lines} stands behind the end`);
    switch (line.type) {
      case 'header':
        return this.#damaged(`line ${this.#lines} is a second header`);
      case 'seal':
        return this.#openSeal(line, this.#chain);
      case 'event':
        return this.#addEvent(line);
      case 'end':
        this.#closeSeal();
        this.#end = line;
        return;
      default:
        return line satisfies never;
    }
  }

  finish(): Verification {
    this.#closeSeal();
    this.#checkEnd();
    this.#checkAbsent();
    const { head } = this.#options;
    if (head !== null && !this.#isHeadFound)
      this.#findings.add({ kind: 'head_missing', message: `no seal in the file has the hash ${head}` });
    const { count, last } = this.#chain ?? noChain;
    return {
      events: this.#events,
      seals: count,
      unsealed: this.#unsealed,
      head: last === null ? null : toHead(last),
      keys: this.#keys.map((key) => ({ id: keyIdOf(key), publicKey: key.toString('base64') })),
      absentMonths: [...this.#absent.keys()].filter((month) => !this.#present.has(month)),
      findings: this.#findings.kept,
      findingCount: this.#findings.count,
    };
  }

  #checkAbsent(): void {
    for (const [month, seals] of this.#absent) {
      if (!this.#present.has(month)) continue;
      const message = `the events of ${month} are there, but not those of seal ${seals.join(', ')}`;
      this.#findings.add({ kind: 'event_missing', seal: seals[0] ?? null, month, message });
    }
  }

  #damaged(message: string): void {
    this.#findings.add({ kind: 'file_damaged', message });
  }

  #begin(line: ExportLine): void {
    const header = line.type === 'header' ? line : null;
    if (header === null) this.#damaged('the file does not begin with a header');
    if (this.#options.keys === null)
      this.#keys = header?.keys.map(({ publicKey }) => Buffer.from(publicKey, 'base64')) ?? [];
    const readable = this.#keys.filter((key) => key.length === 32);
    this.#chain = new ChainCheck({
      keys: new Map(readable.map((key): [string, KeyObject] => [keyIdOf(key), readPublicKey(key)])),
      findings: this.#findings,
      isWhole: header?.month === null,
    });
  }

  #openSeal(line: Extract<ExportLine, { type: 'seal' }>, chain: ChainCheck): void {
    this.#closeSeal();
    const { seal, leaves } = readSealLine(line);
    chain.check(seal);
    if (headOf(seal).toString('hex') === this.#options.head) this.#isHeadFound = true;
    this.#open = { seal, leaves, found: [], byId: new Map() };
  }

  #addEvent({ type: _type, ...event }: Extract<ExportLine, { type: 'event' }>): void {
    this.#events += 1;
    // Behind the last seal, and later than it: nobody vouches for it yet.
    if (this.#open === null || BigInt(event.xid) >= BigInt(this.#open.seal.toXid)) {
      this.#unsealed += 1;
      return;
    }
    this.#open.found.push(leafOf(event));
    this.#open.byId.set(event.id, event);
  }

  #closeSeal(): void {
    if (this.#open === null) return;
    const { seal, leaves, found, byId } = this.#open;
    this.#open = null;
    if (leaves === null && found.length === 0) {
      this.#absent.set(seal.month, [...(this.#absent.get(seal.month) ?? []), seal.seq]);
      return;
    }
    this.#present.add(seal.month);
    const diff = checkLeaves({ seal, leaves, found: Buffer.concat(found) }, this.#findings);
    nameFindings(this.#findings, seal, { diff, byId });
  }

  #checkEnd(): void {
    const end = this.#end;
    if (end === null) return this.#damaged('the file ends before its end: the rest was cut off');
    const { count, last } = this.#chain ?? noChain;
    const head = last === null ? null : headOf(last).toString('hex');
    if (end.seals !== count || end.events !== this.#events || end.head !== head)
      this.#damaged(
        `the file says it has ${end.seals} seals and ${end.events} events, and has ${count} and ${this.#events}`,
      );
  }
}

const noChain: Pick<ChainCheck, 'count' | 'last'> = { count: 0, last: null };

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The schema refuses it, with the number of the line.
    return undefined;
  }
};
