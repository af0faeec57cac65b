import { hash } from 'node:crypto';

/** An id of 16 bytes and a digest of 32. */
export const leafBytes = 48;

const leafPrefix = Buffer.of(0);
const nodePrefix = Buffer.of(1);

const sha256 = (...parts: readonly Uint8Array[]): Buffer => hash('sha256', Buffer.concat(parts), 'buffer');

/** The tree's hash over leaves of `leafBytes` each (RFC 6962, section 2.1): leaves and nodes are hashed differently. */
export const merkleRoot = (leaves: Uint8Array): Buffer => {
  const hashes: Buffer[] = [];
  const join = (): void => {
    const right = hashes.pop() ?? empty();
    const left = hashes.pop() ?? empty();
    hashes.push(sha256(nodePrefix, left, right));
  };
  for (let count = 1; count * leafBytes <= leaves.length; count += 1) {
    hashes.push(sha256(leafPrefix, leaves.subarray((count - 1) * leafBytes, count * leafBytes)));
    // Subtrees of one size make the next: as often as the count can be halved.
    for (let size = count; size % 2 === 0; size /= 2) join();
  }
  while (hashes.length > 1) join();
  return hashes[0] ?? empty();
};

const empty = (): Buffer => sha256();
