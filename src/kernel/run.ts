import type { Actor } from './actor.ts';
import type { Database, Tx } from './database/database.ts';
import { type AppError, kernelError, toAppError } from './error.ts';
import type { Logger } from './observability/logger.ts';
import type { Metrics } from './observability/metrics.ts';
import { currentScope, runInScope, type Scope } from './observability/scope.ts';
import type { Telemetry } from './observability/telemetry.ts';
import type { Failure } from './sentinel/failure.ts';
import type { AuditNote, Ctx, Origin, UseCase } from './usecase.ts';

export type Outcome = 'ok' | AppError['kind'];

/** One finished run, as the audit hook gets it. Notes are in the order in which the use case made them. */
export type RunRecord = {
  readonly operation: string;
  readonly type: UseCase['type'];
  readonly actor: Actor | null;
  readonly origin: Origin | null;
  readonly traceId: string;
  readonly outcome: Outcome;
  /** The error's code; null when the outcome is `ok`. */
  readonly code: string | null;
  readonly notes: readonly AuditNote[];
};

/** What a run is about to commit. `reads`: it was not asked to change anything. */
export type Change = Omit<RunRecord, 'outcome' | 'code'> & { readonly reads: boolean };

/** What happens beside every run, whatever its kind. Hooks must not wait, and but for `record` must not throw. */
export type RunHooks = {
  /** A run's transaction is about to commit: what is recorded in it is there if, and only if, the change is. */
  record(tx: Tx, change: Change): void;
  /** An internal failure of any run or request: somebody should look. */
  alert(failure: Failure): void;
  /** Who acts, whatever becomes of it. */
  see(actor: Actor): void;
  /** A run that changed something or was refused, or noted something. */
  audit(record: RunRecord): void;
};

export type Job<T> = {
  readonly operation: string;
  readonly type: UseCase['type'];
  readonly actor: Actor | null;
  readonly origin: Origin | null;
  /** True if the run only reads: it is not audited when it succeeds, unless it noted something. */
  readonly reads: boolean;
  /** What it was given, for whoever must explain its failure; absent: nothing, or the transport tells itself. */
  readonly input?: unknown;
  readonly signal: AbortSignal;
  execute(ctx: Ctx): Promise<T>;
};

export type LoneJob<T> = Job<T> & {
  readonly timeoutSeconds: number;
  /** W3C trace context of whoever asked for it, elsewhere or earlier; absent: what runs now. */
  readonly traceparent?: string;
};

export type RunnerDeps = {
  readonly database: Database;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly telemetry: Telemetry;
  readonly hooks: RunHooks;
};

/** Runs use cases. Every transport (HTTP, CLI, tasks, events) goes through one of these two. */
export type Runner = {
  /** Inside a scope that already has span, deadline, log line and alert: the HTTP chain's. */
  runWithin<T>(scope: Scope, job: Job<T>): Promise<T>;
  /** With a scope of its own: opens the span, keeps the deadline, writes the one log line, alerts. */
  run<T>(job: LoneJob<T>): Promise<T>;
};

export const createRunner = (deps: RunnerDeps): Runner => ({
  runWithin: (scope, job) => perform({ deps, scope, job, notes: [] }),
  run: (job) => {
    const { operation, traceparent } = job;
    const scope =
      traceparent === undefined
        ? deps.telemetry.openScope(operation, currentScope())
        : deps.telemetry.openRequestScope(operation, traceparent);
    return runInScope(scope, () => performAlone({ deps, scope, job, notes: [] }, job.timeoutSeconds));
  },
});

/** One run on its way. */
type Run<T> = {
  readonly deps: RunnerDeps;
  readonly scope: Scope;
  readonly job: Job<T>;
  readonly notes: AuditNote[];
};

/** The run itself: context, metric, audit. Synchronous up to the first await of the use case. */
const perform = async <T>(run: Run<T>): Promise<T> => {
  const startedAt = performance.now();
  run.scope.operation = run.job.operation;
  try {
    const answer = await run.job.execute(createCtx(run));
    finish(run, null, performance.now() - startedAt);
    return answer;
  } catch (thrown) {
    const error = toAppError(thrown);
    finish(run, error, performance.now() - startedAt);
    throw error;
  }
};

const finish = ({ deps, scope, job, notes }: Run<unknown>, error: AppError | null, ms: number): void => {
  const { operation, type, actor, origin, reads } = job;
  const outcome = error?.kind ?? 'ok';
  deps.metrics.useCaseDuration(operation, outcome, ms / 1000);
  if (actor !== null) deps.hooks.see(actor);
  const isRefused = outcome === 'forbidden' || outcome === 'unauthenticated';
  if (reads && !isRefused && notes.length === 0) return;
  const { traceId } = scope;
  deps.hooks.audit({ operation, type, actor, origin, traceId, outcome, code: error?.code ?? null, notes });
};

const createCtx = ({ deps, scope, job, notes }: Run<unknown>): Ctx => {
  const { actor, operation, origin, signal, type, reads } = job;
  const { traceId } = scope;
  let wrote = false;
  let isRecorded = false;
  const record = (tx: Tx): void => {
    isRecorded = true;
    deps.hooks.record(tx, { operation, type, actor, origin, traceId, reads, notes });
  };
  return {
    actor,
    operation,
    traceId,
    origin,
    signal,
    log: deps.log,
    transaction: (fn) => {
      if (wrote) return Promise.reject(new Error(`${operation} opened a second transaction: it writes once`));
      wrote = true;
      const work = async (tx: Tx) => {
        // After a deadlock fn runs again, and notes again what it does.
        notes.length = 0;
        isRecorded = false;
        const value = await fn(tx);
        record(tx);
        return value;
      };
      return deps.database.transaction(work, { signal });
    },
    audit: (_tx, note) => {
      if (isRecorded) return Promise.reject(new Error(`${operation} noted a change after its transaction had ended`));
      notes.push(note);
      return Promise.resolve();
    },
  };
};

const performAlone = async <T>(run: Run<T>, timeoutSeconds: number): Promise<T> => {
  const startedAt = performance.now();
  const deadline = openDeadline(run.job.signal, timeoutSeconds);
  // The race below may have ended before the deadline does.
  deadline.reached.catch(() => undefined);
  let failure: AppError | null = null;
  try {
    const job = { ...run.job, signal: deadline.signal };
    return await Promise.race([perform({ ...run, job }), deadline.reached]);
  } catch (thrown) {
    failure = toAppError(thrown);
    throw failure;
  } finally {
    deadline.clear();
    report(run, failure, performance.now() - startedAt);
  }
};

const report = ({ deps, scope, job }: Run<unknown>, failure: AppError | null, ms: number): void => {
  const { operation, type, actor, input } = job;
  const level = failure?.kind === 'internal' ? 'error' : 'info';
  deps.log[level]({ operation, type, outcome: failure?.kind ?? 'ok', code: failure?.code, ms }, 'use case');
  if (failure?.kind === 'internal') {
    const { traceId } = scope;
    deps.hooks.alert({ operation, traceId, actorId: actor?.id ?? null, error: failure, input });
  }
  deps.telemetry.closeScope(scope, failure);
};

type Deadline = { readonly signal: AbortSignal; readonly reached: Promise<never>; clear(): void };

const openDeadline = (outer: AbortSignal, timeoutSeconds: number): Deadline => {
  const inner = new AbortController();
  const { promise: reached, reject } = Promise.withResolvers<never>();
  const end = (error: AppError) => {
    inner.abort(error);
    reject(error);
  };
  const abort = () => end(kernelError('CANCELLED', { cause: outer.reason }));
  outer.addEventListener('abort', abort, { once: true });
  const late = () => end(kernelError('REQUEST_TIMEOUT', { details: { timeoutSeconds } }));
  const timer = setTimeout(late, timeoutSeconds * 1000);
  return {
    signal: inner.signal,
    reached,
    clear: () => {
      clearTimeout(timer);
      outer.removeEventListener('abort', abort);
    },
  };
};
