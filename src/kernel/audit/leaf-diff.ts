import { leafBytes } from './merkle.ts';

const idBytes = 16;

export type LeafDiff = {
  /** Ids of events that are not as they were sealed. */
  readonly changed: readonly string[];
  /** Ids of events that were sealed and are gone. */
  readonly missing: readonly string[];
  /** Ids of events that were not sealed. */
  readonly added: readonly string[];
};

/** Compares what was sealed with what is there; both as id and digest after id and digest. */
export const diffLeaves = (sealed: Buffer, found: Buffer): LeafDiff => {
  const left = new Map<string, Buffer>();
  for (const { id, digest } of readLeaves(sealed)) left.set(id, digest);
  const changed: string[] = [];
  const added: string[] = [];
  for (const { id, digest } of readLeaves(found)) {
    const was = left.get(id);
    if (was === undefined) added.push(id);
    else if (!was.equals(digest)) changed.push(id);
    left.delete(id);
  }
  return { changed, missing: [...left.keys()], added };
};

function* readLeaves(leaves: Buffer): Generator<{ readonly id: string; readonly digest: Buffer }> {
  for (let at = 0; at + leafBytes <= leaves.length; at += leafBytes) {
    yield { id: toUuid(leaves.subarray(at, at + idBytes)), digest: leaves.subarray(at + idBytes, at + leafBytes) };
  }
}

const toUuid = (bytes: Buffer): string =>
  bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');

/** When an id was made (RFC 9562, section 5.7), which an event that is gone still tells; null for other ids. */
export const timeOfId = (id: string): string | null =>
  id[14] === '7' ? new Date(parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString() : null;
