import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';
import { describe, expect, test as base } from 'vitest';

import { buildSecrets, noKeys } from '#test/build.ts';
import { openKeyring } from './keyring.ts';
import type { Secrets } from './secrets.ts';

const keyOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64');
const withKey = (masterKey: string): Secrets => buildSecrets({ masterKey });
const failureOf = (fn: () => unknown): unknown => {
  try {
    return fn();
  } catch (thrown) {
    return thrown;
  }
};
const at = { table: 'auth.root_secret', id: '1', version: 1 };

const test = base.extend('directory', async ({}, { onCleanup }) => {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-secrets-'));
  onCleanup(() => rm(directory, { recursive: true }));
  return directory;
});

describe('sealing', () => {
  test('opens what it sealed, and seals the same text differently each time', async () => {
    const secrets = withKey(keyOf(1));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plaintext) => {
        const sealed = secrets.seal(plaintext, at);
        expect(sealed.length).toBe(plaintext.length + 97);
        expect(secrets.open(sealed, at)).toEqual(Buffer.from(plaintext));
        expect(secrets.seal(plaintext, at)).not.toEqual(sealed);
      }),
    );
  });

  test('opens nothing of which a single bit was changed', async () => {
    const secrets = withKey(keyOf(1));
    const sealed = secrets.seal(Buffer.from('a secret'), at);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Buffer.from(sealed);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      expect(() => secrets.open(changed, at)).toThrow(/SECRET_UNREADABLE|MASTER_KEY_WRONG/);
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => secrets.open(sealed.subarray(0, length), at)).toThrow(/SECRET_UNREADABLE/);
    }
  });

  test.for([
    { ...at, table: 'auth.signing_keys' },
    { ...at, id: '2' },
    { ...at, version: 2 },
    // The same letters, cut elsewhere.
    { table: 'auth.root_secret1', id: '', version: 1 },
  ])('does not open at another place: %o', async (elsewhere) => {
    const secrets = withKey(keyOf(1));
    const sealed = secrets.seal(Buffer.from('a secret'), at);
    expect(() => secrets.open(sealed, elsewhere)).toThrow(/SECRET_UNREADABLE/);
  });

  test('says that the master key is another one, as a precondition and without showing either', async () => {
    const sealed = withKey(keyOf(1)).seal(Buffer.from('a secret'), at);
    const other = withKey(keyOf(2));
    expect(() => other.open(sealed, at)).toThrow(
      expect.objectContaining({
        code: 'MASTER_KEY_WRONG',
        kind: 'conflict',
        message: expect.stringContaining('auth.root_secret'),
      }),
    );
  });
});

describe('the master key', () => {
  test.for([
    ['base64', keyOf(255)],
    ['base64 with a line end', `${keyOf(255)}\n`],
    ['base64url', Buffer.alloc(32, 255).toString('base64url')],
    ['hex', 'ff'.repeat(32)],
  ] as const)('is the same key as %s', async ([, text]) => {
    const sealed = withKey(keyOf(255)).seal(Buffer.from('a secret'), at);
    expect(withKey(text).open(sealed, at).toString()).toBe('a secret');
  });

  test.for([' ', 'hunter2hunter2hunter2', Buffer.alloc(16).toString('base64'), 'z'.repeat(64)])(
    'is refused if it is no 32 bytes, and not repeated: %s',
    (text) => {
      const failure = failureOf(() => withKey(text));
      expect(failure).toMatchObject({ code: 'MASTER_KEY_INVALID', kind: 'conflict' });
      expect(JSON.stringify(failure)).not.toContain(text.trim() || keyOf(1));
    },
  );

  test('must be given where none may be made', () => {
    expect(failureOf(() => buildSecrets({}))).toMatchObject({ code: 'MASTER_KEY_MISSING', kind: 'conflict' });
  });

  test('comes from a file that only its owner may read', async ({ directory }) => {
    const path = join(directory, 'given.key');
    const source = { masterKeyFile: path };
    expect(() => buildSecrets(source)).toThrow(/there is no master key file/);

    await writeFile(path, keyOf(1), { mode: 0o600 });
    const keyring = openKeyring({ ...noKeys, ...source });
    expect(keyring.newest.keyId).toBe(openKeyring({ ...noKeys, masterKey: keyOf(1) }).newest.keyId);

    for (const mode of [0o640, 0o604]) {
      await chmod(path, mode);
      expect(failureOf(() => buildSecrets(source))).toMatchObject({
        code: 'MASTER_KEY_INVALID',
        message: expect.stringContaining('chmod 600'),
      });
    }
  });

  test('is made once when none is given, however many start at once', async ({ directory }) => {
    const generateAt = join(directory, 'keys', 'master.key');
    const open = async () => openKeyring({ ...noKeys, generateAt }).newest.keyId;
    const ids = await Promise.all(Array.from({ length: 16 }, open));

    expect(new Set(ids).size).toBe(1);
    expect(await readdir(join(directory, 'keys'))).toEqual(['master.key']);
    expect((await stat(generateAt)).mode & 0o777).toBe(0o600);
    expect((await stat(join(directory, 'keys'))).mode & 0o777).toBe(0o700);
    expect((await readFile(generateAt, 'utf8')).trim()).toHaveLength(44);
  });

  test('is named with its file when it cannot be written', async ({ directory }) => {
    const blocked = join(directory, 'file');
    await writeFile(blocked, '');
    expect(failureOf(() => buildSecrets({ generateAt: join(blocked, 'keys', 'master.key') }))).toMatchObject({
      code: 'MASTER_KEY_INVALID',
      message: expect.stringContaining(blocked),
    });
  });
});

test('derives other bytes for another purpose and another root secret, none of them the master key', () => {
  const [one, other] = [withKey(keyOf(1)), withKey(keyOf(1))];

  expect(one.derive('probe')).toEqual(one.derive('probe'));
  expect(one.derive('probe')).toHaveLength(32);
  const all = [one.derive('probe'), one.derive('other'), other.derive('probe'), Buffer.alloc(32, 1)];
  expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(4);
});
