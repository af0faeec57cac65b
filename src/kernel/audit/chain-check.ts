import type { KeyObject } from 'node:crypto';

import type { Findings } from './finding.ts';
import { diffLeaves, type LeafDiff } from './leaf-diff.ts';
import { leafBytes, merkleRoot } from './merkle.ts';
import { firstPrevious, headOf, isSignedBy, type Seal } from './seal.ts';

type Hole = { readonly fromXid: bigint; readonly toXid: bigint };

type ChainOptions = {
  readonly keys: ReadonlyMap<string, KeyObject>;
  readonly findings: Findings;
  /** The chain begins with the first seal there ever was. */
  readonly isWhole: boolean;
};

/** Goes along the chain, one seal after the other: numbers, links, signatures, and that no transaction is left out. */
export class ChainCheck {
  readonly #options: ChainOptions;
  #last: Seal | null = null;
  #count = 0;
  /** Transactions of seals that are gone: what stands there belongs to them. */
  readonly holes: Hole[] = [];

  constructor(options: ChainOptions) {
    this.#options = options;
  }

  get last(): Seal | null {
    return this.#last;
  }

  get count(): number {
    return this.#count;
  }

  check(seal: Seal): void {
    const { keys, findings } = this.#options;
    this.#checkLink(seal);
    const key = keys.get(seal.keyId);
    const at = { seal: seal.seq, month: null, at: seal.at };
    if (key === undefined) {
      findings.add({
        kind: 'signature_wrong',
        ...at,
        message: `seal ${seal.seq} was signed with a key ${seal.keyId} that is not ours`,
      });
    } else if (!isSignedBy(seal, key)) {
      findings.add({
        kind: 'signature_wrong',
        ...at,
        message: `the signature of seal ${seal.seq} does not fit: it was changed`,
      });
    }
    this.#last = seal;
    this.#count += 1;
  }

  #checkLink(seal: Seal): void {
    const { findings, isWhole } = this.#options;
    if (this.#last === null && !isWhole) return;
    const end = this.#last === null ? beginning : endOf(this.#last);
    if (seal.seq !== end.seq + 1) {
      const first = end.seq + 1;
      const others = seal.seq - 1 > first ? ` and those up to ${seal.seq - 1} are` : ' is';
      findings.add({ kind: 'seal_missing', seal: first, message: `seal ${first}${others} missing` });
      this.holes.push({ fromXid: BigInt(end.toXid), toXid: BigInt(seal.fromXid) });
    } else if (!seal.previous.equals(end.head) || !goesOn(end, seal)) {
      const message = `seal ${seal.seq} does not follow from seal ${end.seq}: one of them was changed`;
      findings.add({ kind: 'chain_broken', seal: seal.seq, message });
    }
  }
}

type End = Pick<Seal, 'seq' | 'fromXid' | 'toXid' | 'month'> & { readonly head: Buffer };

const beginning: End = { seq: 0, fromXid: '0', toXid: '0', month: '', head: firstPrevious };
const endOf = (seal: Seal): End => ({ ...seal, head: headOf(seal) });

/** It goes on where the one before ended, or has the same transactions of another month. */
const goesOn = (end: End, seal: Seal): boolean =>
  seal.fromXid === end.toXid || (seal.fromXid === end.fromXid && seal.toXid === end.toXid && seal.month > end.month);

const nothing: LeafDiff = { changed: [], missing: [], added: [] };

type Sealed = { readonly seal: Seal; readonly leaves: Buffer | null; readonly found: Buffer };

/** Compares what a seal vouches for with what is there, and tells what of it cannot be told event by event. */
export const checkLeaves = ({ seal, leaves, found }: Sealed, findings: Findings): LeafDiff => {
  const { seq, month, count, root } = seal;
  const isWhole = leaves !== null && leaves.length === count * leafBytes && merkleRoot(leaves).equals(root);
  if (isWhole) return leaves.equals(found) ? nothing : diffLeaves(leaves, found);
  const areEventsRight = found.length === count * leafBytes && merkleRoot(found).equals(root);
  const state = areEventsRight
    ? 'its events are as they were'
    : `${found.length / leafBytes} events are there, ${count} were sealed, and which of them were changed cannot be told`;
  findings.add({
    kind: 'seal_changed',
    seal: seq,
    month,
    message: `seal ${seq} does not fit its leaves, which were changed or deleted: ${state}`,
  });
  return nothing;
};
