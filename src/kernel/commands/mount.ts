import { type Command, Option } from 'commander';

import type { CommandDescription } from './describe.ts';

/** What was typed: the input's fields by key, not yet validated, and the switches that every command has. */
export type Typed = {
  readonly input: Readonly<Record<string, unknown>>;
  readonly json: boolean;
  readonly yes: boolean;
  /** The secret that is to be read from stdin, if any. */
  readonly secretFromStdin: string | null;
};

type Run = (command: CommandDescription, typed: Typed) => Promise<void>;

/** Mounts commands from their descriptions alone; `run` loads the program behind them. */
export const mountCommands = (program: Command, commands: readonly CommandDescription[], run: Run): void => {
  for (const command of commands) {
    const mounted = descend(program, command.words).summary(command.summary).description(command.summary);
    for (const argument of command.arguments) {
      mounted.argument(argument.isRequired ? `<${argument.key}>` : `[${argument.key}]`, argument.description);
    }
    for (const option of optionsOf(command)) mounted.addOption(option);
    mounted.action(async (...typed: unknown[]) => {
      const values = mounted.opts();
      await run(command, readTyped(command, typed, values));
    });
  }
};

/** `auth create-superuser` is the command `create-superuser` inside the group `auth`. */
const descend = (program: Command, words: readonly string[]): Command =>
  words.reduce(
    (parent, word) => parent.commands.find((child) => child.name() === word) ?? parent.command(word),
    program,
  );

const optionsOf = (command: CommandDescription): Option[] => [
  ...command.options.map((option) =>
    new Option(option.isBoolean ? option.flag : `${option.flag} <value>`, option.description).makeOptionMandatory(
      option.isRequired,
    ),
  ),
  ...command.secrets.map((name) => new Option(`--${name}-stdin`, `read the ${name} from standard input`)),
  ...(command.asksToConfirm ? [new Option('--yes', 'do not ask for confirmation')] : []),
  new Option('--json', 'print the result as JSON'),
];

const readTyped = (command: CommandDescription, typed: unknown[], values: Record<string, unknown>): Typed => {
  const input: Record<string, unknown> = {};
  for (const [index, argument] of command.arguments.entries()) {
    if (typed[index] !== undefined) input[argument.key] = typed[index];
  }
  for (const { key } of command.options) if (values[key] !== undefined) input[key] = values[key];
  return {
    input,
    json: values['json'] === true,
    yes: values['yes'] === true,
    secretFromStdin: command.secrets.find((name) => values[`${name}Stdin`] === true) ?? null,
  };
};
