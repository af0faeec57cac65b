import { text } from 'node:stream/consumers';

import { kernelError } from '../error.ts';

/** Where a command reads and writes: the real terminal, or a test's. */
export type Terminal = {
  /** True if a person can be asked. */
  readonly isInteractive: boolean;
  /** Data, for the next program in the pipe. */
  print(line: string): void;
  /** Everything else, for the person. */
  note(line: string): void;
  readStdin(): Promise<string>;
  askHidden(question: string): Promise<string>;
  confirm(question: string): Promise<boolean>;
};

export const createProcessTerminal = (): Terminal => ({
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  readStdin: async () => (await text(process.stdin)).replace(/\r?\n$/, ''),
  askHidden: async (question) => {
    const { default: password } = await import('@inquirer/password');
    return cancellable(password({ message: question, mask: false }, { output: process.stderr }));
  },
  confirm: async (question) => {
    const { createInterface } = await import('node:readline/promises');
    const lines = createInterface({ input: process.stdin, output: process.stderr });
    try {
      return /^y(es)?$/i.test(await lines.question(`${question} [y/N] `));
    } finally {
      lines.close();
    }
  },
});

/** Ctrl-C at a prompt is the person's answer, not a fault of ours. */
const cancellable = async (answer: Promise<string>): Promise<string> => {
  try {
    return await answer;
  } catch (cause) {
    throw kernelError('CANCELLED', { details: { message: 'nothing was changed' }, cause });
  }
};
