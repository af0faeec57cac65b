import { isUtf8 } from 'node:buffer';
import { buffer } from 'node:stream/consumers';

import { kernelError } from '../error.ts';

/** Where a command reads and writes: the real terminal, or a test's. */
export type Terminal = {
  /** True if a person can be asked. */
  readonly isInteractive: boolean;
  /** Data, for the next program in the pipe. */
  print(line: string): void;
  /** Everything else, for the person. */
  note(line: string): void;
  /** Unless several lines are expected, a second one is refused. */
  readStdin(options?: { readonly isMultiline: boolean }): Promise<string>;
  askHidden(question: string): Promise<string>;
  confirm(question: string): Promise<boolean>;
};

export const createProcessTerminal = (): Terminal => ({
  isInteractive: process.stdin.isTTY && process.stderr.isTTY,
  print: (line) => void process.stdout.write(`${line}\n`),
  note: (line) => void process.stderr.write(`${line}\n`),
  readStdin: async (options) => decodeSecret(await buffer(process.stdin), options),
  askHidden: async (question) => {
    const { default: password } = await import('@inquirer/password');
    const ask = (message: string) => cancellable(password({ message, mask: false }, { output: process.stderr }));
    const answer = await ask(question);
    if (answer === (await ask(`${question}, again`))) return answer;
    throw invalidSecret('the two entries differ: nothing was changed');
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

const invalidSecret = (message: string) => kernelError('INPUT_INVALID', { details: { message } });

/** One line: a second one, or bytes that are no text, would make a secret that nobody can type again. */
export const decodeSecret = (bytes: Uint8Array, { isMultiline } = { isMultiline: false }): string => {
  if (!isUtf8(bytes)) throw invalidSecret('standard input is not UTF-8 text');
  const text = Buffer.from(bytes).toString('utf8');
  const line = text.replace(/\r?\n$/, '');
  if (!/[\r\n]/.test(line)) return line;
  // Keys in PEM need the end of their last line.
  if (isMultiline) return text;
  throw invalidSecret('standard input has more than one line');
};

/** Ctrl-C at a prompt is the person's answer, not a fault of ours. */
const cancellable = async (answer: Promise<string>): Promise<string> => {
  try {
    return await answer;
  } catch (cause) {
    throw kernelError('CANCELLED', { details: { message: 'nothing was changed' }, cause });
  }
};
