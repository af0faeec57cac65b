import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test as base } from 'vitest';

import { listMissingLinks, repairLinks } from './binaries.ts';

const test = base.extend('root', async ({}, { onCleanup }) => {
  const root = await mkdtemp(join(tmpdir(), 'ashlar-binaries-'));
  onCleanup(() => rm(root, { recursive: true }));
  await mkdir(join(root, 'native/lib'), { recursive: true });
  await writeFile(join(root, 'native/lib/libpq.so.5.18'), 'a library');
  const links = ['libpq.so', 'libpq.so.5'].map((name) => ({
    source: 'native/lib/libpq.so.5.18',
    target: `native/lib/${name}`,
  }));
  await writeFile(join(root, 'native/pg-symlinks.json'), JSON.stringify(links));
  return root;
});

test('names the links that are missing, and makes them', async ({ root }) => {
  const paths = [join(root, 'native/lib/libpq.so'), join(root, 'native/lib/libpq.so.5')];
  expect(await listMissingLinks(root)).toEqual(paths);
  await repairLinks(root);
  expect(await listMissingLinks(root)).toEqual([]);
  expect(await Promise.all(paths.map((path) => readFile(path, 'utf8')))).toEqual(['a library', 'a library']);
  expect(await readlink(paths[0] ?? '')).toBe('libpq.so.5.18');

  await rm(paths[1] ?? '');
  expect(await listMissingLinks(root)).toEqual([paths[1]]);
});
