import { describe, expect, test } from 'vitest';

import { parseMigration } from './migration.ts';

const name = '20260102030405_auth_add_sessions.sql';
const text = '-- +migrate Up\ncreate table a ();\n\n-- +migrate Down\ndrop table a;\n';

describe('parseMigration', () => {
  test('reads module, up and down', () => {
    expect(parseMigration(name, text)).toMatchObject({
      module: 'auth',
      up: 'create table a ();',
      down: 'drop table a;',
      isNoTransaction: false,
      isBreaking: false,
    });
  });

  test('reads the markers above Up', () => {
    const marked = parseMigration(name, `-- why\n-- +migrate NoTransaction\n-- +migrate Breaks\n${text}`);
    expect(marked).toMatchObject({ isNoTransaction: true, isBreaking: true });
  });

  test('gives one checksum to a file whatever editor or checkout wrote its line ends', () => {
    const variants = [`\uFEFF${text}`, text.replaceAll('\n', '\r\n'), text.replaceAll(';', ';  '), `${text}\n\n`];
    for (const variant of variants)
      expect(parseMigration(name, variant).checksum).toBe(parseMigration(name, text).checksum);
    expect(parseMigration(name, text.replace('table a', 'table b')).checksum).not.toBe(
      parseMigration(name, text).checksum,
    );
  });

  test.each([
    ['2026_auth_x.sql', text, 'yyyymmddhhmmss_module_description.sql'],
    ['20260102030405-auth-x.sql', text, 'yyyymmddhhmmss_module_description.sql'],
    ['20261302030405_auth_x.sql', text, 'no date and time'],
    [name, 'create table a ();', 'a statement above "-- +migrate Up", in line 1'],
    [name, '', 'no "-- +migrate Up"'],
    [name, '-- +migrate Up\nselect 1;', 'no "-- +migrate Down"'],
    [name, '-- +migrate Down\n-- +migrate Up\nselect 1;', '"-- +migrate Down" in line 1'],
    [name, `${text}-- +migrate Up\n`, '"-- +migrate Up" in line 6'],
    [name, `-- +migrate Upp\n${text}`, '"-- +migrate Upp" in line 1'],
    [name, '-- +migrate Up\n-- nothing\n/* yet */\n-- +migrate Down\n', 'no statement below "-- +migrate Up"'],
  ])('refuses %s with %j and says why', (file, content, reason) => {
    expect(() => parseMigration(file, content)).toThrow(reason);
    expect(() => parseMigration(file, content)).toThrow(file);
  });
});
