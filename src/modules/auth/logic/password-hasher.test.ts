import { describe, expect, test } from 'vitest';

import { hashConcurrency } from './hash-concurrency.ts';
import { createHashGate } from './hash-gate.ts';
import { createPasswordHasher } from './password-hasher.ts';

const create = (options: { iterations?: number; maxWaiting?: number } = {}) => {
  const gate = createHashGate({ places: 1, maxWaiting: options.maxWaiting ?? 64, maxWaitMs: 2000 });
  const times: number[] = [];
  const observe = (seconds: number) => void times.push(seconds);
  return {
    hasher: createPasswordHasher({ memoryKiB: 64, iterations: options.iterations ?? 1, gate, observe }),
    times,
    gate,
  };
};

describe('the password hasher', () => {
  test('knows the password again, however its accents are composed, and no other', async () => {
    const { hasher } = create();
    const stored = await hasher.hash('caf\u00e9 correct horse');
    expect(stored).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
    expect(await hasher.verify(stored, 'cafe\u0301 correct horse')).toEqual({ isRight: true, needsRehash: false });
    expect(await hasher.verify(stored, 'cafe correct horse')).toEqual({ isRight: false, needsRehash: false });
  });

  test('hashes the same password differently each time', async () => {
    const { hasher } = create();
    expect(await hasher.hash('correct horse')).not.toBe(await hasher.hash('correct horse'));
  });

  test('says when a hash was made with other parameters', async () => {
    const stored = await create().hasher.hash('correct horse');
    expect(await create({ iterations: 2 }).hasher.verify(stored, 'correct horse')).toEqual({
      isRight: true,
      needsRehash: true,
    });
  });

  test('verifies nothing as right where no hash is stored, but hashes all the same', async () => {
    const { hasher, times } = create();
    expect(await hasher.verify(null, 'correct horse')).toEqual({ isRight: false, needsRehash: false });
    expect(times).toHaveLength(1);
  });

  test('turns a verification away when the line is full, and gives its place back after a failure', async () => {
    const { hasher, gate } = create({ maxWaiting: 0 });
    const stored = await hasher.hash('correct horse');
    const [first, second] = await Promise.all([
      hasher.verify(stored, 'correct horse'),
      hasher.verify(stored, 'correct horse'),
    ]);
    expect([first, second]).toEqual([{ isRight: true, needsRehash: false }, null]);

    await expect(hasher.verify('no hash at all', 'correct horse')).rejects.toThrow(/decoding failed/i);
    expect(await gate.tryEnter()).toBe(true);
  });
});

describe('hashConcurrency', () => {
  test('takes the number that is set', () => expect(hashConcurrency(3, {})).toBe(3));

  test.for([
    [{ UV_THREADPOOL_SIZE: '1' }, 1],
    [{ UV_THREADPOOL_SIZE: '2' }, 1],
  ] as const)('leaves a thread to files and names: %o', ([environment, places]) => {
    expect(hashConcurrency('auto', environment)).toBe(places);
  });

  test('is never more than libuv has threads, less one', () => {
    expect(hashConcurrency('auto', {})).toBeLessThanOrEqual(3);
    expect(hashConcurrency('auto', { UV_THREADPOOL_SIZE: 'many' })).toBeGreaterThanOrEqual(1);
  });
});
