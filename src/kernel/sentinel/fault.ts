import { AppError } from '../error.ts';

/** What makes two errors the same one. */
export type Fault = {
  /** The code of what was thrown, or its class with the code of the system that said it: `PostgresError 23505`. */
  readonly code: string;
  /** Up to three of our own frames, the nearest first: function and file, which stay when lines move. */
  readonly frames: readonly string[];
  /** Equal for the same fault, in every process and on every machine. */
  readonly key: string;
};

const maxCauses = 5;
const ownFrames = 3;
const maxCodeLength = 200;
/** V8 keeps ten frames; what stands before them is the message, which may be long. */
const stackTail = 8_192;

/** What was thrown, from the outside in, without the wrapping that everything undeclared gets. */
export const chainOf = (error: Error): readonly Error[] => {
  const chain: Error[] = [];
  for (let one: unknown = error; one instanceof Error && chain.length < maxCauses; one = one.cause) chain.push(one);
  const inner = chain.filter((one) => !isWrapping(one));
  return inner.length === 0 ? chain : inner;
};

const isWrapping = (error: Error): boolean =>
  error instanceof AppError && error.code === 'INTERNAL' && error.cause instanceof Error;

export const identifyFault = (operation: string | null, error: Error): Fault => {
  const chain = chainOf(error);
  const labels = chain.map(labelOf);
  // A plain error that wraps another says less than the other.
  const code = (labels[0] === 'Error' ? labels.at(-1) : labels[0]) ?? 'Error';
  const frames = framesOf(chain);
  return { code, frames, key: [operation ?? '', ...new Set(labels), '', ...frames].join('\n') };
};

const labelOf = (error: Error): string => {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (error instanceof AppError) return error.code;
  const label = error.name === 'Error' && code !== '' ? code : `${error.name} ${code}`;
  return label.trim().slice(0, maxCodeLength);
};

/** Those of the outermost error that has any of ours; of packages and Node only where there is no other. */
const framesOf = (chain: readonly Error[]): readonly string[] => {
  const stacks = chain.map((error) => parseStack(frameLinesOf(error)));
  const own = stacks.map((frames) => frames.filter(({ isOwn }) => isOwn)).find((frames) => frames.length > 0);
  return (own ?? stacks[0] ?? []).slice(0, ownFrames).map(({ text }) => text);
};

type Frame = { readonly text: string; readonly isOwn: boolean };

/** `at async Object.execute (file:///srv/src/a.ts:1:2)`, and without a function's name. */
const framePattern = /^ {4}at (?:(?:async )?(?:new )?(?<name>[^(]+?) \()?(?:async )?(?<path>[^()\s]+?):\d+:\d+\)?$/;

const parseStack = (lines: readonly string[]): readonly Frame[] =>
  lines.flatMap((line) => {
    const { name = '', path } = framePattern.exec(line)?.groups ?? {};
    if (path === undefined) return [];
    return [{ text: `${nameOf(name)} ${placeOf(path)}`, isOwn: !/^node:|\/node_modules\//.test(path) }];
  });

/** The stack without the message before it, which may look like one, and may hold anything. */
export const frameLinesOf = ({ stack = '', message }: Error): readonly string[] => {
  const start = stack.indexOf(message);
  const frames = start === -1 ? stack : stack.slice(start + message.length);
  return frames
    .slice(-stackTail)
    .split('\n')
    .filter((line) => line.startsWith('    at '));
};

/** `Object.execute [as run]` is `execute`: what it was called on depends on the caller. */
const nameOf = (name: string): string => name.replace(/ \[as [^\]]*\]$/, '').replace(/^.*\./, '') || '<anonymous>';

/** Without the folder where Ashlar is installed, and without what a loader appends. */
const placeOf = (url: string): string => {
  const [path = ''] = url.split('?');
  const start = ['/node_modules/', '/src/', '/'].map((part) => path.lastIndexOf(part)).find((at) => at !== -1) ?? -1;
  return path.slice(start + 1);
};
