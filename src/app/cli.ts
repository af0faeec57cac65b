import { Command, CommanderError } from 'commander';

import { mountCommands } from '#kernel/commands/mount.ts';
import { exitCodeOf, type ExitCode } from '#kernel/lifecycle.ts';
import commands from './gen/commands.json' with { type: 'json' };
import { release } from './release.ts';
import type { Role } from './role.ts';
import { roles } from './roles.ts';

/**
 * The whole command line, from the roles and from the generated table of commands: help and version load neither
 * the database nor the telemetry. What a subcommand runs is imported when it is run.
 */
export const runCli = async (argv: readonly string[]): Promise<ExitCode> => {
  let exitCode: ExitCode = 0;
  const program = createProgram();
  for (const role of roles) {
    mountRole(program, role).action(async (flags: Flags) => {
      const { serve } = await import('./serve.ts');
      exitCode = await serve(role, toOverrides(flags));
    });
  }
  mountCommands(program, commands, async (command, typed) => {
    const { runCommand } = await import('./run-command.ts');
    exitCode = await runCommand(command, typed);
  });

  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : 2;
    const { printFailure } = await import('./print-failure.ts');
    printFailure(thrown);
    return exitCodeOf(thrown);
  }
};

type Flags = {
  readonly host?: string;
  readonly port?: string;
  readonly queues?: string;
  readonly set: readonly string[];
};

const createProgram = (): Command =>
  new Command('ashlar')
    .description('A self-hosted operations platform in one program')
    .version(release)
    .showSuggestionAfterError()
    .exitOverride()
    .configureHelp({ showGlobalOptions: true });

const mountRole = (program: Command, { name, summary, hasQueues }: Role): Command => {
  const command = program.command(name).description(summary);
  if (hasQueues) command.option('--queues <names>', 'run tasks of these queues alone (tasks.queues)');
  return command
    .option('--host <address>', 'listen on this address (http.host)')
    .option('--port <number>', 'listen on this port (http.port)')
    .option('--set <key=value...>', 'override any setting, as in --set logger.level=debug', []);
};

/** Flags are the last layer of the configuration: `{'http.port': '8081'}`. */
const toOverrides = ({ host, port, queues, set }: Flags): Record<string, string> => ({
  ...(host === undefined ? {} : { 'http.host': host }),
  ...(port === undefined ? {} : { 'http.port': port }),
  ...(queues === undefined ? {} : { 'tasks.queues': queues }),
  ...Object.fromEntries(set.map(splitAssignment)),
});

const splitAssignment = (assignment: string): readonly [string, string] => {
  const at = assignment.indexOf('=');
  if (at < 1) throw new CommanderError(2, 'ashlar.set', `--set takes key=value, not ${assignment}`);
  return [assignment.slice(0, at), assignment.slice(at + 1)];
};
