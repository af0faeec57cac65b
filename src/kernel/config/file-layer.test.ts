import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';

import { readFileLayer } from './file-layer.ts';
import { secret } from './secret.ts';
import { listSettings } from './settings.ts';

const settings = listSettings(
  z.strictObject({
    name: z.string(),
    http: z.strictObject({ port: z.int(), origins: z.array(z.string()) }),
    vault: z.strictObject({ masterKey: secret(z.string()) }),
  }),
);

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ashlar-config-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const read = (yaml: string) => {
  writeFileSync(join(root, 'local.yaml'), yaml);
  return readFileLayer(join(root, 'local.yaml'), root, settings);
};

test('every entry knows its line, and an anchor may be used twice', () => {
  const { entries, problems } = read('name: &it a\nhttp:\n  origins:\n    - *it\n');
  expect(problems).toEqual([]);
  expect(entries).toMatchObject([
    { value: 'a', origin: 'local.yaml:1' },
    { value: ['a'], origin: 'local.yaml:3' },
  ]);
});

test.each([
  ['a list that does not end', 'http:\n  origins: [a\nname: b\n', 'local.yaml:3:1'],
  ['a key that stands twice', 'name: a\nhttp: {}\nname: b\n', 'local.yaml:3:1'],
  ['two documents', 'name: a\n---\nname: b\n', 'local.yaml:2:1'],
])('%s is refused with its line and column', (_case, yaml, origin) => {
  expect(read(yaml).problems.map((problem) => problem.origin)).toContain(origin);
});

test('what the parser stumbles over is not repeated, since it may be a secret', () => {
  for (const yaml of [
    'vault:\n  masterKey: *hunter2\n',
    'vault:\n  masterKey: !hunter2 x\n',
    'name: "a" hunter2: b\n',
  ]) {
    const { problems } = read(yaml);
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  }
});

test.each(['http: 3', 'http: [port]', 'just a text'])('a section that holds no keys is refused: %s', (yaml) => {
  expect(read(yaml).problems).toMatchObject([{ message: expect.stringContaining('must hold keys and values') }]);
});

test('a file that cannot be read is named, with the reason', () => {
  expect(readFileLayer(root, tmpdir(), settings)).toMatchObject({
    isReadable: false,
    problems: [{ origin: basename(root), message: 'cannot read the file (EISDIR)' }],
  });
});
