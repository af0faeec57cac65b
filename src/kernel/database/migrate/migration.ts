import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AppError } from '../../error.ts';

/** One file `{yyyymmddhhmmss}_{module}_{description}.sql`, read and checked. */
export type Migration = {
  readonly name: string;
  readonly module: string;
  readonly up: string;
  /** Empty: it cannot be undone. */
  readonly down: string;
  /** True: outside a transaction, so it is one statement that may run twice (`create index concurrently if not exists`). */
  readonly isNoTransaction: boolean;
  /** True: releases that do not have this file must not run on a database that has it. */
  readonly isBreaking: boolean;
  /** sha256 of the text without byte order mark, carriage returns and blanks at line ends. */
  readonly checksum: string;
};

const fileName = /^(\d{14})_([a-z][a-z0-9]*)_([a-z0-9]+(?:_[a-z0-9]+)*)\.sql$/;
const directive = /^--\s*\+migrate\b\s*(.*)$/;

/** All migrations of a directory, oldest first. Files that are no SQL are left alone; MIGRATION_INVALID names a bad one. */
export const readMigrations = async (directory: string): Promise<readonly Migration[]> => {
  const names = await readdir(directory).catch((cause: unknown) => {
    throw new AppError('MIGRATION_INVALID', {
      kind: 'conflict',
      details: { message: `the directory of the migrations, ${directory}, cannot be read` },
      cause,
    });
  });
  const sqlNames = names.filter((name) => name.endsWith('.sql') && !name.startsWith('.')).sort();
  return Promise.all(sqlNames.map(async (name) => parseMigration(name, await readFile(join(directory, name), 'utf8'))));
};

/** Throws MIGRATION_INVALID, which says what in the file is wrong and what it should look like. */
export const parseMigration = (name: string, text: string): Migration => {
  const [, timestamp = '', module = ''] = fileName.exec(name) ?? [];
  if (module === '') throw invalid(name, 'has no name of the form yyyymmddhhmmss_module_description.sql');
  if (!isTimestamp(timestamp)) throw invalid(name, `begins with ${timestamp}, which is no date and time`);
  const normalised = normalise(text);
  const { head, up, down } = splitSections(name, normalised);
  if (!hasSql(up)) throw invalid(name, 'has no statement below "-- +migrate Up"');
  const isNoTransaction = head.has('NoTransaction');
  return {
    name,
    module,
    up,
    down: hasSql(down) ? down : '',
    isNoTransaction,
    isBreaking: head.has('Breaks'),
    checksum: createHash('sha256').update(normalised).digest('hex'),
  };
};

const isTimestamp = (digits: string): boolean => {
  const iso = digits.replace(/^(....)(..)(..)(..)(..)(..)$/, '$1-$2-$3T$4:$5:$6.000Z');
  const time = new Date(iso);
  return !Number.isNaN(time.getTime()) && time.toISOString() === iso;
};

const normalise = (text: string): string =>
  `${text
    .replace(/^\uFEFF/, '')
    .replaceAll('\r\n', '\n')
    .replace(/[ \t]+$/gm, '')
    .trimEnd()}\n`;

const hasSql = (text: string): boolean =>
  text
    .replace(/--.*$/gm, '')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .trim() !== '';

type Sections = { readonly head: ReadonlySet<string>; readonly up: string; readonly down: string };

const splitSections = (name: string, text: string): Sections => {
  const head = new Set<string>();
  const sections: Record<'Up' | 'Down', string[]> = { Up: [], Down: [] };
  let current: 'Up' | 'Down' | null = null;
  for (const [index, line] of text.split('\n').entries()) {
    const word = directive.exec(line.trim())?.[1];
    if (word === undefined) {
      if (current !== null) sections[current].push(line);
      else if (hasSql(line)) throw invalid(name, `has a statement above "-- +migrate Up", in line ${index + 1}`);
      continue;
    }
    current = readDirective({ name, word, line: index + 1, head, current });
  }
  if (current !== 'Down') throw invalid(name, `has no "-- +migrate ${current === null ? 'Up' : 'Down'}"`);
  return { head, up: sections.Up.join('\n').trim(), down: sections.Down.join('\n').trim() };
};

type Marker = {
  readonly name: string;
  readonly word: string;
  readonly line: number;
  readonly head: Set<string>;
  readonly current: 'Up' | 'Down' | null;
};

const readDirective = ({ name, word, line, head, current }: Marker): 'Up' | 'Down' | null => {
  if (word === 'Up' && current === null) return 'Up';
  if (word === 'Down' && current === 'Up') return 'Down';
  if ((word === 'NoTransaction' || word === 'Breaks') && current === null) {
    head.add(word);
    return null;
  }
  const order = 'first NoTransaction or Breaks if needed, then Up, then Down, each once';
  throw invalid(name, `has "-- +migrate ${word}" in line ${line}; a file holds ${order}`);
};

export const invalid = (name: string, problem: string, cause?: unknown): AppError =>
  new AppError('MIGRATION_INVALID', {
    kind: 'conflict',
    details: { message: `migrations/${name} ${problem}`, file: name },
    cause,
  });
