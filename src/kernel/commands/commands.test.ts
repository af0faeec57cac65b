import { Command } from 'commander';
import { expect, test } from 'vitest';
import { z } from 'zod';

import { toAppError } from '../error.ts';
import type { Runner } from '../run.ts';
import { type Ctx, manualCommand } from '../usecase.ts';
import { type CommandDescription, describeCommand } from './describe.ts';
import { executeCommand } from './execute.ts';
import { mountCommands, type Typed } from './mount.ts';
import { decodeSecret, type Terminal } from './terminal.ts';

const grantThing = manualCommand({
  operationId: 'grant-thing',
  summary: 'Grant a thing',
  usage: 'things grant <actor>',
  input: z.object({
    actor: z.string().min(3).describe('who gets it'),
    timesToGrant: z.coerce.number().int().default(1).describe('how often'),
    isForever: z.boolean().default(false),
  }),
  output: z.object({ granted: z.string() }),
  secrets: { password: 'Password' },
  confirm: ({ actor }) => `Grant it to ${actor}?`,
  errors: { THING_GONE: 'conflict' },
  render: ({ granted }) => `Granted to ${granted}.`,
  async execute(ctx, { actor, timesToGrant, isForever }, fail) {
    if (actor === 'gone') throw fail('THING_GONE');
    return { granted: `${actor} ${timesToGrant} ${isForever} ${await ctx.secret('password')}` };
  },
});

const description = describeCommand('things', grantThing);

// `as`: this command reads nothing of its context.
const nothing = {} as Ctx;
// `as`: the other way of running is not for commands.
const runner = {
  run: (job: { execute: (ctx: Ctx) => Promise<unknown> }) => job.execute(nothing),
} as unknown as Runner;

const openTerminal = (over: Partial<Terminal> = {}) => {
  const printed: string[] = [];
  const terminal: Terminal = {
    isInteractive: false,
    print: (line) => void printed.push(line),
    note: (line) => void printed.push(`note: ${line}`),
    readStdin: () => Promise.resolve('piped'),
    askHidden: () => Promise.resolve('asked'),
    confirm: () => Promise.resolve(false),
    ...over,
  };
  return { terminal, printed };
};

const typed = (over: Partial<Typed> = {}): Typed => ({
  input: { actor: 'ada' },
  json: false,
  yes: true,
  secretFromStdin: 'password',
  ...over,
});

const execute = (over: Partial<Typed>, terminal: Terminal) =>
  executeCommand({
    module: 'things',
    head: grantThing,
    typed: typed(over),
    runner,
    terminal,
    signal: new AbortController().signal,
  });

const parse = async (argv: string[]): Promise<Typed | null> => {
  let result: Typed | null = null;
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  // `as`: what is described survives as JSON, which is how it is stored.
  mountCommands(program, [JSON.parse(JSON.stringify(description)) as CommandDescription], (_command, values) => {
    result = values;
    return Promise.resolve();
  });
  await program.parseAsync(argv, { from: 'user' });
  return result;
};

test('ends with exit code 1, and its output on stdout, when what it looked for is not as it should be', async () => {
  const finding = { ...grantThing, isFailure: ({ granted }: { granted: string }) => granted.startsWith('ada') };
  const codeOf = async (actor: string) => {
    const { terminal, printed } = openTerminal();
    const { signal } = new AbortController();
    const given = typed({ input: { actor }, json: true });
    const code = await executeCommand({ module: 'things', head: finding, typed: given, runner, terminal, signal });
    return [code, printed.length];
  };
  expect(await codeOf('ada')).toEqual([1, 1]);
  expect(await codeOf('bob')).toEqual([0, 1]);
});

test('argv is parsed from the head as plain data', async () => {
  expect(
    await parse([
      'things',
      'grant',
      'ada',
      '--times-to-grant',
      '2',
      '--is-forever',
      '--password-stdin',
      '--json',
      '--yes',
    ]),
  ).toEqual({
    input: { actor: 'ada', timesToGrant: '2', isForever: true },
    json: true,
    yes: true,
    secretFromStdin: 'password',
  });
});

test('an unknown option and a missing argument are wrong usage', async () => {
  await expect(parse(['things', 'grant', 'ada', '--nonsense'])).rejects.toMatchObject({
    code: 'commander.unknownOption',
  });
  await expect(parse(['things', 'grant'])).rejects.toMatchObject({ code: 'commander.missingArgument' });
});

test('a secret comes from stdin if so asked, else from a hidden prompt', async () => {
  const piped = openTerminal();
  await execute({}, piped.terminal);
  const prompted = openTerminal({ isInteractive: true });
  await execute({ secretFromStdin: null }, prompted.terminal);

  expect([piped.printed, prompted.printed]).toEqual([
    ['Granted to ada 1 false piped.'],
    ['Granted to ada 1 false asked.'],
  ]);
});

test('without a terminal a secret that nobody pipes in is wrong usage that says how to give it', async () => {
  await expect(execute({ secretFromStdin: null }, openTerminal().terminal)).rejects.toMatchObject({
    kind: 'invalid',
    details: { message: expect.stringContaining('--password-stdin') },
  });
});

test('a destructive command is refused without --yes where nobody can be asked, or where the person says no', async () => {
  for (const isInteractive of [false, true]) {
    await expect(execute({ yes: false }, openTerminal({ isInteractive }).terminal)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
    });
  }
});

test('--json prints the output itself', async () => {
  const { terminal, printed } = openTerminal();
  await execute({ json: true }, terminal);

  expect(JSON.parse(printed[0] ?? '')).toEqual({ granted: 'ada 1 false piped' });
});

test('bad input names the field and runs nothing', async () => {
  const failure = await execute({ input: { actor: 'x' } }, openTerminal().terminal).catch(toAppError);

  expect(failure).toMatchObject({ code: 'INPUT_INVALID', details: { message: expect.stringContaining('actor') } });
});

test('a declared error keeps its code and kind', async () => {
  await expect(execute({ input: { actor: 'gone' } }, openTerminal().terminal)).rejects.toMatchObject({
    code: 'THING_GONE',
    kind: 'conflict',
  });
});

test('a piped secret is one line of UTF-8', () => {
  expect(decodeSecret(Buffer.from('correct horse\n'))).toBe('correct horse');
  for (const bytes of [Buffer.from('two\nlines\n'), Buffer.from([0x61, 0xff])]) {
    expect(() => decodeSecret(bytes)).toThrow('INPUT_INVALID');
  }
});
