import { expect } from 'vitest';

import { test } from '#test/database.ts';

test.for([
  ['text[]', ['a', 'b,c', '"quoted"', 'back\\slash', '{braces}', ' ', '', 'NULL', 'null', 'ขอ\n\t']],
  ['text[]', []],
  ['text[]', ['a', null, 'b']],
  [
    'text[]',
    [
      ['a', 'b,"'],
      ['c', null],
    ],
  ],
  ['uuid[]', ['0190a0b0-0000-7000-8000-000000000001']],
  ['integer[]', [1, -2, 2_147_483_647]],
  ['smallint[]', [1, 2]],
  ['bigint[]', ['9223372036854775807']],
  ['float8[]', [0.1, -1e300]],
  ['jsonb[]', [{ a: '"\\' }, { b: [1, null] }]],
] as const)('an array of %s comes back as it went: %j', async ([type, values], { sql }) => {
  // `as`: the driver has no type for the values of statements that it does not tag.
  const [row] = await sql.unsafe(`select $1::${type} as values`, [values as never], { prepare: true });
  expect(row?.['values']).toEqual(values);
});

test('booleans and bytes are read', async ({ sql }) => {
  const [row] = await sql`select array[true, false, null] as booleans, array['\\x00ff'::bytea] as bytes`;
  expect(row).toEqual({ booleans: [true, false, null], bytes: [Buffer.from([0, 255])] });
});

test('lists of names, ids and text in catalogues are read', async ({ sql }) => {
  const [row] = await sql`select array['a'::name] as names, array[1::oid] as ids, array['b'::varchar] as texts`;
  expect(row).toEqual({ names: ['a'], ids: [1], texts: ['b'] });
});
