import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';

import { AppError, kernelError } from '../error.ts';
import { type LoggerOptions, openLogger } from './logger.ts';
import { createScope, runInScope } from './scope.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ashlar-log-'));
});
afterEach(() => rm(folder, { recursive: true }));

const open = (over: Partial<LoggerOptions> = {}) =>
  openLogger({
    level: 'info',
    format: 'json',
    output: join(folder, 'logs', 'ashlar.log'),
    rotation: { sizeMegabytes: 100, frequency: 'daily', keep: 14 },
    release: '1.2.3',
    role: 'run-all-in-one',
    ...over,
  });

const fileNames = async () => (await readdir(join(folder, 'logs'))).toSorted(byNumber);
const byNumber = (a: string, b: string) => Number(a.split('.').at(-2)) - Number(b.split('.').at(-2));

const written = async (): Promise<string> => {
  const names = await fileNames();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, 'logs', name), 'utf8')));
  return texts.join('');
};

const lines = async (): Promise<Record<string, unknown>[]> =>
  (await written())
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

const until = async (isTrue: () => Promise<boolean>): Promise<void> => {
  const deadline = Date.now() + 10_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error('the condition did not come true within 10 s');
    await pause(20);
  }
};

test('names release, role, trace and operation in every line', async () => {
  const { log, close } = await open();
  const scope = createScope('0af7651916cd43dd8448eb211c80319c', null);
  scope.operation = 'auth.get-me';

  log.info('outside');
  runInScope(scope, () => log.warn({ status: 200 }, 'inside'));
  await close();

  const [outside, inside] = await lines();
  expect(outside).toMatchObject({ level: 'info', role: 'run-all-in-one', release: '1.2.3', msg: 'outside' });
  expect(outside).not.toHaveProperty('traceId');
  expect(inside).toMatchObject({ level: 'warn', status: 200, traceId: scope.traceId, operation: 'auth.get-me' });
  expect(inside?.['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('shows the lines of a quiet server soon, without waiting for the buffer to fill', async () => {
  const { log, close } = await open();
  log.info('a single line');
  await until(async () => (await written()).includes('a single line'));
  await close();
});

test('describes an error with its causes, and stops at a chain without an end', async () => {
  const { log, close } = await open();
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', port: 5432 });
  const circular = new Error('around');
  circular.cause = circular;

  log.error({ err: kernelError('DATABASE_UNAVAILABLE', { details: { attempt: 3 }, cause: refused }) }, 'failed');
  log.error({ err: circular }, 'circular');
  log.error(new AggregateError([refused], 'all failed'));
  await close();

  const [failed, around, all] = await lines();
  expect(failed?.['err']).toMatchObject({
    type: 'AppError',
    code: 'DATABASE_UNAVAILABLE',
    kind: 'unavailable',
    details: { attempt: 3 },
    stack: expect.stringContaining('at '),
    cause: { message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', port: 5432 },
  });
  expect(JSON.stringify(around).split('around')).toHaveLength(7);
  expect(all).toMatchObject({ msg: 'all failed', err: { errors: [{ code: 'ECONNREFUSED' }] } });
});

test('a field that cannot be read costs its line the fields, and the program nothing', async () => {
  const { log, close } = await open();
  const hostile = Object.defineProperty({}, 'bad', {
    enumerable: true,
    get: () => {
      throw new Error('no');
    },
  });
  log.info({ hostile }, 'still written');
  await close();
  expect(await lines()).toMatchObject([{ msg: 'still written', unloggable: 'no' }]);
});

test('starts a new file when one is full, loses no line, and keeps only as many as it was told', async () => {
  const { log, close } = await open({ rotation: { sizeMegabytes: 0.02, frequency: 'daily', keep: 1000 } });
  let count = 0;
  await until(async () => {
    for (const end = count + 500; count < end; count += 1) {
      log.info({ number: count }, 'a line of some length, so that the file fills');
      if (count % 100 === 0) await nextTurn();
    }
    return (await fileNames()).length > 3;
  });
  await close();

  expect((await lines()).map((line) => line['number'])).toEqual(Array.from({ length: count }, (_, number) => number));

  const second = await open({ rotation: { sizeMegabytes: 0.02, frequency: 'daily', keep: 2 } });
  await until(async () => {
    for (let number = 0; number < 100; number += 1) second.log.info('more');
    return (await fileNames()).length <= 3;
  });
  await second.close();
});

test('says LOG_OUTPUT_UNAVAILABLE, the path and the way out when the file cannot be opened', async () => {
  await writeFile(join(folder, 'file'), '');
  const output = join(folder, 'file', 'ashlar.log');
  const failure = await open({ output }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(AppError);
  expect(failure).toMatchObject({ code: 'LOG_OUTPUT_UNAVAILABLE', message: expect.stringContaining(output) });
});

test('writes for people when asked to', async () => {
  const { log, close } = await open({ format: 'pretty' });
  log.info({ password: 'hunter2' }, 'hello');
  await close();
  const shown = await written();
  expect(shown).toMatch(/INFO.*hello/);
  expect(shown).not.toContain('hunter2');
});

test('silent writes nothing and opens nothing', async () => {
  const { log, close } = await open({ level: 'silent' });
  log.fatal('nobody hears this');
  await close();
  expect(existsSync(join(folder, 'logs'))).toBe(false);
});

test('a line after the end is lost and harms nothing', async () => {
  const { log, close } = await open();
  await close();
  log.info('too late');
  expect(await written()).toBe('');
});

/** Runs a program of its own, whose `log` writes to its stdout if not told otherwise. */
const runProgram = (body: string, { output = 'stdout', stdout = 'pipe' as 'pipe' | number } = {}) => {
  const rotation = { sizeMegabytes: 1, frequency: 'daily', keep: 2 };
  const options = { level: 'info', format: 'auto', output, rotation, release: '1', role: 'probe' };
  const source = `
    import { openLogger } from ${JSON.stringify(import.meta.resolve('./logger.ts'))};
    const { log, close } = await openLogger(${JSON.stringify(options)});
    ${body}`;
  const program = spawn(process.execPath, ['--input-type=module', '-e', source], { stdio: ['ignore', stdout, 'pipe'] });
  const exitCode = new Promise<number | null>((resolve) => program.once('close', resolve));
  return { program, exitCode, errors: program.stderr === null ? Promise.resolve('') : text(program.stderr) };
};

test.each([
  ['process.exit', 'process.exit(3);', 3],
  ['an error that nobody caught', 'throw new Error("crash");', 1],
  ['the end of the program', '', 0],
])('loses no line at %s', async (_name, ending, code) => {
  const { program, exitCode } = runProgram(`for (let i = 0; i < 500; i += 1) log.info({ i }, 'line'); ${ending}`);
  const shown = program.stdout === null ? '' : await text(program.stdout);
  expect(await exitCode).toBe(code);
  const numbers = shown
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).i);
  expect(numbers.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 500 }, (_, i) => i));
});

const keepLogging = (ms: number) => `
  const timer = setInterval(() => { for (let i = 0; i < 100; i += 1) log.info('a line for nobody'); }, 5);
  setTimeout(() => { clearInterval(timer); close().then(() => process.exit(7)); }, ${ms});`;

test('a reader of stdout that goes away neither stops nor occupies the program', async () => {
  const { program, exitCode, errors } = runProgram(`log.info('first'); ${keepLogging(1000)}`);
  program.stdout?.once('data', () => program.stdout?.destroy());
  expect(await exitCode).toBe(7);
  expect(await errors).toBe('');
});

test.runIf(existsSync('/dev/full'))('a full disk is told once on stderr and does not stop the program', async () => {
  const { exitCode, errors } = runProgram(keepLogging(1500), { stdout: openSync('/dev/full', 'w') });
  expect(await exitCode).toBe(7);
  expect((await errors).trim().split('\n')).toEqual([expect.stringMatching(/cannot write the log to stdout: ENOSPC/)]);
});

test.runIf(existsSync('/dev/full'))('an exit with a full disk is as quick as any', async () => {
  const { exitCode } = runProgram(`log.info('x'); process.exit(5);`, { stdout: openSync('/dev/full', 'w') });
  expect(await exitCode).toBe(5);
});

test.runIf(existsSync('/dev/full'))('a log file on a full disk does not stop the program', async () => {
  const day = new Date();
  const date = [day.getFullYear(), day.getMonth() + 1, day.getDate()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
  await symlink('/dev/full', join(folder, `ashlar.${date}.1.log`));
  const { exitCode, errors } = runProgram(keepLogging(500), { output: join(folder, 'ashlar.log') });
  expect(await exitCode).toBe(7);
  expect(await errors).toMatch(/^ashlar: cannot write the log to .*ashlar\.log: ENOSPC.*\n$/);
});
