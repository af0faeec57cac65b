import type { z } from 'zod';

import type { Actor, ActorType } from './actor.ts';
import type { Tx } from './database/database.ts';
import type { AppError, ErrorKind } from './error.ts';
import type { Rate } from './limits/rate.ts';
import type { Logger } from './observability/logger.ts';
import type { Streamed, StreamOutput } from './stream-output.ts';

/** Where a request came from; null parts are unknown. */
export type Origin = {
  readonly requestId: string;
  /** Client address behind trusted proxies. */
  readonly address: string | null;
  readonly userAgent: string | null;
};

/** What a change did to its subject; fields hold no secrets. */
export type AuditNote = {
  readonly subject: string;
  readonly before?: Readonly<Record<string, unknown>>;
  readonly after?: Readonly<Record<string, unknown>>;
};

/** What one run of a use case may touch besides its deps. */
export type Ctx = {
  /** Null is anonymous; commands run as null too, on behalf of the machine's administrator. */
  readonly actor: Actor | null;
  /** `module.operation-id` */
  readonly operation: string;
  readonly traceId: string;
  /** Null outside HTTP. */
  readonly origin: Origin | null;
  /** Aborted when the timeout is reached or the caller is gone. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /**
   * The one place where a use case writes, once; fn's value is the answer. An action of signed-in actors returns just
   * that value: it is checked and, for a request that is repeated, kept before the commit.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /** Notes what the change did; it is recorded when the run succeeds. */
  audit(tx: Tx, note: AuditNote): Promise<void>;
};

/** What a command has besides: the terminal's secrets, asked for only when they are needed. */
export type CommandCtx = Ctx & {
  /** Reads a secret that the head declares, from a hidden prompt or from stdin (`--<name>-stdin`). */
  secret(name: string): Promise<string>;
};

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** The codes that a use case may answer with, and what kind each is. */
export type Errors<Code extends string = string> = Readonly<Record<Code, ErrorKind>>;
export type Fail<Code extends string> = (code: Code, details?: Readonly<Record<string, unknown>>) => AppError;

type ActionOutput = z.ZodType | StreamOutput | null;
type AnswerOf<O> = O extends z.ZodType ? z.input<O> : O extends StreamOutput ? Streamed : void;

export type UserAction<
  I extends z.ZodType = z.ZodType,
  O extends ActionOutput = ActionOutput,
  Code extends string = string,
> = {
  readonly type: 'user_action';
  readonly operationId: string;
  /** One line for the API reference. */
  readonly summary: string;
  /** Path parameters stand as `{name}` and are fields of the input, as are the query (GET, DELETE) or the body. */
  readonly access: `${Method} /${string}`;
  /** `anonymous` reads no credential; a list needs one of an actor of these types. */
  readonly actors: 'anonymous' | readonly ActorType[];
  /** All are needed. Empty only for operations on the permission-free list of the app. */
  readonly permissions: readonly string[];
  /** Also open to an actor that must first change its password or enrol in MFA. */
  readonly restricted?: boolean;
  /** A session that is over is no refusal here: the actor is then null. */
  readonly acceptsEndedSession?: boolean;
  /** Holds besides the limits of every actor and address; in place of the one that has the same key. */
  readonly rate?: Rate;
  readonly input: I;
  /** Null answers 204; a stream is for GET alone. */
  readonly output: O;
  /** The answer holds a secret, such as a key that is shown once: kept for a repeated request, it is sealed. */
  readonly secretOutput?: boolean;
  /** HTTP status of success, default 200. */
  readonly status?: 200 | 201 | 202;
  /** `Cache-Control: public, max-age`; absent: `no-store`. */
  readonly maxAgeSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly errors: Errors<Code>;
  execute(ctx: Ctx, input: z.output<I>, fail: Fail<Code>): Promise<AnswerOf<O>>;
};

/** A contract between modules: published in a transaction, delivered at least once. Exported by a portal. */
export type EventContract<P extends z.ZodType = z.ZodType> = { readonly name: string; readonly payload: P };

export type Retry = { readonly attempts: number; readonly baseDelaySeconds: number };

/** What a subscriber has besides. Its transaction notes that the event is handled, so that its effect happens once. */
export type EventCtx = Ctx & {
  /** The same for every attempt: external effects are made once by it. */
  readonly eventId: string;
  /** From 1. */
  readonly attempt: number;
};

export type EventSubscriber<P extends z.ZodType = z.ZodType> = {
  readonly type: 'event_subscriber';
  readonly operationId: string;
  readonly event: EventContract<P>;
  /** Events with the same key are handled one at a time, in order. Default: the key under which they were published. */
  orderingKey?(payload: z.output<P>): string;
  /** Default 10 attempts, from 1 s on, after whatever failure. */
  readonly retry?: Retry;
  /** Default 60. */
  readonly timeoutSeconds?: number;
  /** Whether a dead event frees its key or stays at its head. Default `free`. */
  readonly onDead?: 'free' | 'block';
  /** Where a new subscriber begins: behind what has happened (`end`, the default) or with all that is still kept. */
  readonly startAt?: 'end' | 'start';
  execute(ctx: EventCtx, payload: z.output<P>): Promise<void>;
};

/** A contract between modules: work that is enqueued in a transaction and run at least once. Exported by a portal. */
export type TaskContract<P extends z.ZodType = z.ZodType> = {
  /** `module.operation-id` of the async task that does it. */
  readonly name: string;
  readonly payload: P;
  /** Default: the module's name. */
  readonly queue?: string;
};

/** What a task has besides. It may run again after a crash: external effects are made once by `taskId`. */
export type TaskCtx = Ctx & {
  /** The same for every attempt. */
  readonly taskId: string;
  /** From 1. */
  readonly attempt: number;
  /** For whoever waits; the newest is written, once a second at most. `percent` is 0 to 100. */
  progress(percent: number, note?: string): void;
  /**
   * Ends the task in the handler's own transaction, so that its effect happens once. `result` is what `execute` would
   * answer. Throws TASK_TAKEN_OVER, and so rolls back, if somebody else runs the task by now.
   */
  completeIn(tx: Tx, result?: unknown): Promise<void>;
};

/** Tasks that share a bottleneck share its slots. Slots per process: `tasks.pools`. */
export const taskPools = ['database', 'network', 'cache', 'background'] as const;
export type TaskPool = (typeof taskPools)[number];

/** What happens to slots that passed while nobody looked: nothing, the newest fires, or each (100 at most) within 24 h. */
export type CatchUp = 'none' | 'latest' | 'all';

/** When a task is enqueued by itself. */
export type Schedule = {
  /** Five fields: minute, hour, day of month, month, day of week. */
  readonly cron: string;
  /** Of the IANA database; default `platform.timeZone`. */
  readonly timeZone?: string;
  /** Each task starts by a random part of this later. Default 0. */
  readonly jitterSeconds?: number;
  /** Whether a slot is left out while a task of an earlier one is unfinished. Default `skip`. */
  readonly overlap?: 'skip' | 'allow';
  /** Default `latest`. */
  readonly catchUp?: CatchUp;
};

export type AsyncTask<P extends z.ZodType = z.ZodType> = {
  readonly type: 'async_task';
  readonly operationId: string;
  readonly payload: P;
  /** That of the contract; default the module's name. */
  readonly queue?: string;
  /** Of the queue: all tasks of one queue say the same. Default `database`. */
  readonly pool?: TaskPool;
  /** Its payload must then accept `{ slot }`, the time that it was due as ISO 8601 text. */
  readonly schedule?: Schedule;
  /** Default 5 attempts, from 1 s on; unavailable, rate_limited and internal failures are tried again. */
  readonly retry?: Retry;
  /** Default 60. */
  readonly timeoutSeconds?: number;
  /** What is kept for `tasks.resultRetentionDays` (failures for 90): default `all`. */
  readonly keep?: 'all' | 'failures' | 'none';
  /** Whether a dead task frees its group or stays at its head. Default `free`. */
  readonly onDead?: 'free' | 'block';
  /** Answers JSON of at most 16 KB, or nothing. */
  execute(ctx: TaskCtx, payload: z.output<P>): Promise<unknown>;
};

/** Several lines are read from stdin as they are, a single one without its end. */
export type SecretPrompt = { readonly prompt: string; readonly isMultiline: true };

export type ManualCommand<
  I extends z.ZodObject = z.ZodObject,
  O extends z.ZodType = z.ZodType,
  Code extends string = string,
> = {
  readonly type: 'manual_command';
  readonly operationId: string;
  readonly summary: string;
  /** Words and positionals (`auth can <actor> <permission>`); every other field of the input becomes an option. */
  readonly usage: string;
  /** Field names become `--kebab-case`; booleans are flags; `.describe()` is the help. */
  readonly input: I;
  readonly output: O;
  /** How far the program starts first; default `migrations`: the database runs and is migrated. */
  readonly requires?: 'config' | 'database' | 'migrations';
  /** Secrets by name, with the prompt's text. */
  readonly secrets?: Readonly<Record<string, string | SecretPrompt>>;
  /** The question asked before a destructive run; without a terminal `--yes` is needed. */
  confirm?(input: z.output<I>): string;
  readonly errors: Errors<Code>;
  /** Whether the program ends with 1 although the command has run: its answer is printed all the same. */
  isFailure?(output: z.output<O>): boolean;
  /** What a person reads; `--json` prints the output itself. */
  render(output: z.output<O>): string;
  execute(ctx: CommandCtx, input: z.output<I>, fail: Fail<Code>): Promise<z.input<O>>;
};

export type UseCase = UserAction | EventSubscriber | AsyncTask | ManualCommand;

type Head<U extends { readonly type: string }> = Omit<U, 'type'>;

/** A person or a program asks over HTTP. */
export const userAction = <I extends z.ZodType, O extends ActionOutput, Code extends string>(
  head: Head<UserAction<I, O, Code>>,
): UserAction<I, O, Code> => ({ type: 'user_action', ...head });

/** Something happened in another module, or in this one. */
export const eventSubscriber = <P extends z.ZodType>(head: Head<EventSubscriber<P>>): EventSubscriber<P> => ({
  type: 'event_subscriber',
  ...head,
});

/** Work that outlives the request that asked for it, or that a schedule asks for. */
export const asyncTask = <P extends z.ZodType>(head: Head<AsyncTask<P>>): AsyncTask<P> => ({
  type: 'async_task',
  ...head,
});

/** An administrator types it. */
export const manualCommand = <I extends z.ZodObject, O extends z.ZodType, Code extends string>(
  head: Head<ManualCommand<I, O, Code>>,
): ManualCommand<I, O, Code> => ({ type: 'manual_command', ...head });
