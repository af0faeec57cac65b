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
    const last = this.#last;
    if (last === null && !isWhole) return;
    const expected = (last?.seq ?? 0) + 1;
    if (seal.seq !== expected) {
      const missing = seal.seq - 1 > expected ? `seals ${expected} to ${seal.seq - 1} are` : `seal ${expected} is`;
      findings.add({ kind: 'seal_missing', seal: expected, message: `${missing} missing` });
      this.holes.push({ fromXid: BigInt(last?.toXid ?? 0), toXid: BigInt(seal.fromXid) });
      return;
    }
    const previous = last === null ? firstPrevious : headOf(last);
    const isLinked = seal.previous.equals(previous) && (last === null || follows(last, seal));
    if (!isLinked) {
      findings.add({
        kind: 'chain_broken',
        seal: seal.seq,
        message: `seal ${seal.seq} does not follow from seal ${seal.seq - 1}: one of them was changed`,
      });
    }
  }
}

/** It goes on where the one before ended, or has the same transactions of another month. */
const follows = (last: Seal, seal: Seal): boolean =>
  seal.fromXid === last.toXid ||
  (seal.fromXid === last.fromXid && seal.toXid === last.toXid && seal.month > last.month);

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
