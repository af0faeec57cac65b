import { describe, expect, test } from 'vitest';

import { describeEndpoint, parseEndpoint } from './endpoint.ts';

describe('parseEndpoint', () => {
  test.each([
    [
      'postgres://me:p%40ss@db.example:6000/shop?sslmode=verify-full',
      { host: 'db.example', port: 6000, user: 'me', password: 'p@ss', database: 'shop', tls: 'verify-full' },
    ],
    ['postgresql://me@[::1]/shop', { host: '::1', port: 5432, password: '', tls: 'disable' }],
    ['postgres://me@db.example', { database: 'me' }],
    ['postgres://me@/shop?host=/run/postgresql', { host: '/run/postgresql', database: 'shop' }],
    ['postgres://me@%2Frun%2Fpostgresql:5433/shop', { host: '/run/postgresql', port: 5433 }],
  ])('reads %s', (url, endpoint) => {
    expect(parseEndpoint(url)).toMatchObject(endpoint);
  });

  test.each(['', 'db.example', 'mysql://me@h/d', 'postgres://h/d', 'postgres://me:secret@h/d?sslmode=prefer'])(
    'refuses %j without repeating a password',
    (url) => {
      expect(() => parseEndpoint(url)).toThrow('DATABASE_URL_INVALID');
      expect(() => parseEndpoint(url)).not.toThrow('secret');
    },
  );

  test('is described without its password', () => {
    expect(describeEndpoint(parseEndpoint('postgres://me:secret@h/d'))).toBe('postgres://me@h:5432/d');
  });
});
