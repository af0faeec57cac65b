import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, test as base } from 'vitest';

import { examineDataDirectory, examineNode, examineSpace } from './examine-host.ts';
import { repairAll } from './finding.ts';

const test = base.extend('directory', async ({}, { onCleanup }) => {
  const directory = await mkdtemp(join(tmpdir(), 'ashlar-doctor-'));
  onCleanup(() => rm(directory, { recursive: true, force: true }));
  return directory;
});

const modeOf = async (path: string) => (await stat(path)).mode & 0o777;

test.for([
  ['v26.10.0', 'ok'],
  ['v24.12.0', 'ok'],
  ['v24.11.9', 'error'],
  ['v20.20.2', 'error'],
] as const)('Node %s where 24.12 is the oldest that will do: %s', ([version, severity]) => {
  expect(examineNode(version, '24.12').severity).toBe(severity);
});

describe('the data directory', () => {
  test('is fine if it is ours, and if it is not there yet', async ({ directory }) => {
    for (const path of [directory, join(directory, 'later')]) {
      expect(await examineDataDirectory(path)).toMatchObject([{ check: 'data-directory', severity: 'ok' }]);
    }
  });

  test('is an error if it is no directory', async ({ directory }) => {
    await writeFile(join(directory, 'file'), '');
    expect(await examineDataDirectory(join(directory, 'file'))).toMatchObject([{ severity: 'error' }]);
  });

  test('is an error if everybody may write to it, until that is repaired', async ({ directory }) => {
    await chmod(directory, 0o777);
    const found = await examineDataDirectory(directory);
    expect(found).toMatchObject([{ severity: 'error', fix: expect.stringContaining('chmod o-w') }]);
    expect(await repairAll(found)).toMatchObject([{ severity: 'ok', message: expect.stringContaining('repaired') }]);
    expect(await examineDataDirectory(directory)).toMatchObject([{ severity: 'ok' }]);
  });

  test('is an error if others may read a key in it, until that is repaired', async ({ directory }) => {
    const keys = join(directory, 'keys');
    await mkdir(keys, { mode: 0o755 });
    await writeFile(join(keys, 'master.key'), '', { mode: 0o644 });
    await writeFile(join(keys, 'master.key.previous'), '', { mode: 0o600 });
    const found = await examineDataDirectory(directory);
    const errors = found.filter(({ severity }) => severity === 'error');
    expect(errors.map(({ message }) => message)).toEqual([
      `other users may read ${keys}`,
      `other users may read ${join(keys, 'master.key')}`,
    ]);
    await repairAll(found);
    expect([await modeOf(keys), await modeOf(join(keys, 'master.key'))]).toEqual([0o700, 0o600]);
  });
});

test('a repair that fails is said, and the defect stays', async () => {
  const repair = () => Promise.reject(new Error('read-only file system'));
  const defect = { check: 'any', severity: 'error', message: 'broken', fix: 'mend it', repair } as const;
  expect(await repairAll([defect])).toEqual([
    { check: 'any', severity: 'error', fix: 'mend it', message: 'broken; repairing it failed: read-only file system' },
  ]);
});

const disk = (blocks: number, free: number) => () => {
  const gigabytes = 2 ** 30 / 4096;
  return {
    type: 0,
    bsize: 4096,
    blocks: blocks * gigabytes,
    bfree: free * gigabytes,
    bavail: free * gigabytes,
    files: 0,
    ffree: 0,
    frsize: 4096,
  };
};

test.for([
  [100, 50, 'ok'],
  [100, 19, 'warning'],
  [100, 4, 'error'],
  [1000, 40, 'warning'],
  [2, 0.9, 'error'],
] as const)('a disk of %d GB with %d free: %s', ([size, free, severity]) => {
  expect(examineSpace('/data', disk(size, free))).toMatchObject({ severity });
});

test('the disk below us has a size', () => {
  expect(examineSpace('/').message).toMatch(/\d GB are free/);
});
