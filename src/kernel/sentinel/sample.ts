import { newId } from '../ids.ts';
import type { RecentLines } from '../observability/log-ring.ts';
import type { Redactor } from '../observability/redact.ts';
import { toFitText } from '../tasks/json-text.ts';
import type { Failure } from './failure.ts';
import { chainOf, frameLinesOf } from './fault.ts';
import { createMask, shapeOf } from './input-shape.ts';

/** One occurrence, with all that is known of it and nothing that was said in confidence. */
export type ErrorSample = {
  readonly id: string;
  readonly occurredAt: Date;
  readonly traceId: string;
  readonly actorId: string | null;
  readonly release: string;
  readonly message: string;
  /** Of the error and its causes. */
  readonly stack: string;
  /** JSON: types and sizes, no values; null if there was no input. */
  readonly inputShape: string | null;
  /** The last ones of the trace in this process's log. */
  readonly logLines: readonly string[];
};

export type SampleDeps = {
  readonly release: string;
  readonly recent: RecentLines;
  readonly scrub: Redactor['scrub'];
  readonly now: () => Date;
};

const maxLines = 20;
const maxLineLength = 2_000;
const maxMessageLength = 1_000;
const maxStackLength = 8_000;

export const createSample = (
  { release, recent, scrub, now }: SampleDeps,
  { traceId, actorId, error, input }: Failure,
): ErrorSample => {
  const mask = createMask(input);
  const chain = chainOf(error);
  const clean = (text: string, length: number) => toFitText(scrubText(scrub, mask(text)), length);
  const stack = chain.map((one) => `${headOf(one, clean)}\n${frameLinesOf(one).join('\n')}`).join('\ncaused by ');
  return {
    id: newId(),
    occurredAt: now(),
    traceId,
    actorId,
    release,
    message: chain[0] === undefined ? '' : headOf(chain[0], clean),
    stack: toFitText(stack, maxStackLength),
    inputShape: input === undefined ? null : JSON.stringify(shapeOf(input)),
    logLines: recent.find(traceId, maxLines).map((line) => toFitText(mask(line.trimEnd()), maxLineLength)),
  };
};

type Clean = (text: string, length: number) => string;

const headOf = ({ name, message }: Error, clean: Clean): string => clean(`${name}: ${message}`, maxMessageLength);

/** The redactor reads lines of JSON, where a line break is two characters. */
const scrubText = (scrub: Redactor['scrub'], text: string): string => {
  const scrubbed: unknown = JSON.parse(scrub(JSON.stringify(text)));
  return String(scrubbed);
};
