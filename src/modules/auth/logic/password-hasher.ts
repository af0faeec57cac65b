import { randomBytes } from 'node:crypto';

import { hash, parseOptions, verify } from '@node-rs/argon2';

import { canonicalPassword } from '../domain/password.ts';
import type { HashGate } from './hash-gate.ts';

export type Verdict = {
  readonly isRight: boolean;
  /** True if the stored hash was made with other parameters than those in force. */
  readonly needsRehash: boolean;
};

export type PasswordHasher = {
  /** argon2id (RFC 9106) in PHC form. */
  hash(password: string): Promise<string>;
  /**
   * A stored hash of null is never right, and takes as long as any: whoever waits for the answer does not learn which
   * logins exist. Null: too many wait already.
   */
  verify(stored: string | null, password: string): Promise<Verdict | null>;
};

type HasherOptions = {
  readonly memoryKiB: number;
  readonly iterations: number;
  readonly gate: HashGate;
  /** Seconds of one hashing, without the wait for it. */
  readonly observe: (seconds: number) => void;
};

const wrong: Verdict = { isRight: false, needsRehash: false };

const argon2id = 2;
const parallelism = 1;
const saltBytes = 16;
const hashBytes = 32;

export const createPasswordHasher = ({ memoryKiB, iterations, gate, observe }: HasherOptions): PasswordHasher => {
  const options = { memoryCost: memoryKiB, timeCost: iterations, parallelism, outputLen: hashBytes };
  const nobodys = hashOfNobody(options);

  const timed = async <T>(work: () => Promise<T>): Promise<T> => {
    const startedAt = performance.now();
    try {
      return await work();
    } finally {
      gate.leave();
      observe((performance.now() - startedAt) / 1000);
    }
  };

  return {
    hash: async (password) => {
      await gate.enter();
      return timed(() => hash(canonicalPassword(password), options));
    },
    verify: async (stored, password) => {
      if (!(await gate.tryEnter())) return null;
      const isSame = await timed(() => verify(stored ?? nobodys, canonicalPassword(password)));
      // Only the right password pays for the look at the parameters: a wrong one must take as long as nobody's.
      if (stored === null || !isSame) return wrong;
      return { isRight: true, needsRehash: !isMadeWith(options, stored) };
    },
  };
};

type Parameters = { readonly memoryCost: number; readonly timeCost: number };

/** Right form, right cost, and of no password. */
const hashOfNobody = ({ memoryCost, timeCost }: Parameters): string => {
  const [salt, digest] = [saltBytes, hashBytes].map((size) => randomBytes(size).toString('base64').replaceAll('=', ''));
  return `$argon2id$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${salt}$${digest}`;
};

const isMadeWith = ({ memoryCost, timeCost }: Parameters, stored: string): boolean => {
  const used = parseOptions(stored);
  return (
    used.algorithm === argon2id &&
    used.memoryCost === memoryCost &&
    used.timeCost === timeCost &&
    used.parallelism === parallelism
  );
};
