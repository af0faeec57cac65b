import { Socket } from 'node:net';

import { expect, test } from 'vitest';

import { AppError, kernelError } from '../error.ts';
import { identifyFault } from './fault.ts';

/** An error as thrown at a place in the code that a test chooses. */
const thrownAt = (frames: readonly string[], error: Error = new TypeError('x is undefined')): Error =>
  Object.assign(error, {
    stack: [`${error.name}: ${error.message}`, ...frames.map((frame) => `    at ${frame}`)].join('\n'),
  });

const place = (path: string, line: number) => `file:///srv/ashlar/src/${path}:${line}:11`;

const frames = (line: number, root = '/srv/ashlar') => [
  `node:internal/process/task_queues:105:5`,
  `async Connection.send (file://${root}/node_modules/postgres/src/connection.js:${line}:3)`,
  `async Object.execute [as run] (file://${root}/src/modules/auth/usecases/get-me.ts:${line}:11)`,
  `new Pool (file://${root}/src/kernel/tasks/pool.ts:${line}:7)`,
  `file://${root}/src/kernel/run.ts:${line}:7`,
  `perform (file://${root}/src/kernel/run.ts:${line}:9)`,
];

test('names the nearest three frames of ours: function and file', () => {
  expect(identifyFault('auth.get-me', thrownAt(frames(1))).frames).toEqual([
    'execute src/modules/auth/usecases/get-me.ts',
    'Pool src/kernel/tasks/pool.ts',
    '<anonymous> src/kernel/run.ts',
  ]);
});

test('stays the same when lines move, and when Ashlar is installed elsewhere', () => {
  const first = identifyFault('auth.get-me', thrownAt(frames(1)));
  expect(identifyFault('auth.get-me', thrownAt(frames(99)))).toEqual(first);
  expect(identifyFault('auth.get-me', thrownAt(frames(1, '/opt/elsewhere')))).toEqual(first);
});

test('stays the same whatever the message says', () => {
  const one = identifyFault('auth.get-me', thrownAt(frames(1), new TypeError('a')));
  const evil = thrownAt(frames(1), new TypeError(`b\n    at evil (${place('evil.ts', 1)})`));
  expect(identifyFault('auth.get-me', evil)).toEqual(one);
});

test.for([
  ['another operation', 'auth.logout', thrownAt(frames(1))],
  ['another class', 'auth.get-me', thrownAt(frames(1), new RangeError('x is undefined'))],
  ['another place', 'auth.get-me', thrownAt([`other (${place('modules/auth/other.ts', 1)})`])],
  [
    'another cause',
    'auth.get-me',
    thrownAt(frames(1), new TypeError('x is undefined', { cause: new RangeError('y') })),
  ],
] as const)('is another one with %s', ([, operation, error]) => {
  expect(identifyFault(operation, error).key).not.toBe(identifyFault('auth.get-me', thrownAt(frames(1))).key);
});

const withCode = (name: string, code: string) => Object.assign(new Error('no'), { name, code });

test.for([
  ['a declared code', new AppError('SEAL_BROKEN', { kind: 'internal' }), 'SEAL_BROKEN'],
  ['what was wrapped as INTERNAL', kernelError('INTERNAL', { cause: new RangeError('no') }), 'RangeError'],
  ['what is no error at all', kernelError('INTERNAL', { cause: 'a string' }), 'INTERNAL'],
  ['a code of the system', withCode('Error', 'ENOSPC'), 'ENOSPC'],
  ['a class with its code', withCode('PostgresError', '23505'), 'PostgresError 23505'],
  ['the cause of a plain error', new Error('no', { cause: withCode('PostgresError', '23505') }), 'PostgresError 23505'],
] as const)('takes as code %s', ([, error, code]) => {
  expect(identifyFault(null, error).code).toBe(code);
});

test('names packages and Node where nothing is ours, without lines', () => {
  const { frames: found } = identifyFault(null, thrownAt(frames(7).slice(0, 2)));
  expect(found).toEqual(['<anonymous> task_queues', 'send node_modules/postgres/src/connection.js']);
});

test('ends at a chain without an end', () => {
  const around = new Error('around');
  around.cause = around;
  expect(identifyFault(null, around).code).toBe('Error');
});

test('reads what Node really writes', async () => {
  const refused = await new Promise<Error>((resolve) => {
    const socket = new Socket().on('error', resolve);
    socket.connect(1, '127.0.0.1');
  });
  expect(identifyFault(null, refused).code).toBe('ECONNREFUSED');
  const here = identifyFault(null, new Error('here'));
  expect(here.frames[0]).toMatch(/^<anonymous> src\/kernel\/sentinel\/fault\.test\.ts$/);
});
