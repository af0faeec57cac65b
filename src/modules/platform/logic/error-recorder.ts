import type { Tx } from '#kernel/database/database.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { runInScope } from '#kernel/observability/scope.ts';
import { toAppError } from '#kernel/error.ts';
import type { SeenFault } from '#kernel/sentinel/seen-faults.ts';
import { type Recorded, recordFaults } from './record-faults.ts';

const pauseMs = 1_000;
/** What PostgreSQL refuses so often while it is there, it will refuse for ever. */
const maxRefusals = 5;

type RecorderDeps = Pick<Kernel, 'sentinel' | 'log' | 'telemetry'> & {
  readonly database: Pick<Kernel['database'], 'transaction'>;
  /** Of what was stored in this transaction. */
  readonly tell: (tx: Tx, recorded: Recorded) => Promise<void>;
};

/** Stores what the sentinel gathers: at most once a second, and while nothing happens never. */
export class ErrorRecorder {
  readonly #deps: RecorderDeps;
  #batch: readonly SeenFault[] = [];
  #refusals = 0;
  #isFailing = false;
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<boolean> = Promise.resolve(true);
  #stopListening: () => void = () => undefined;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopListening = this.#deps.sentinel.listen(() => this.#arm());
  }

  /** Stores the rest. What cannot be stored even now is named in the log. */
  async stop(): Promise<void> {
    this.#stopListening();
    this.#disarm();
    while (await this.flush()) if (this.#isEmpty()) return;
    const lost = this.#batch.map(({ fingerprint, count }) => ({ fingerprint, count }));
    this.#deps.log.error({ lost }, 'errors could not be stored before the end');
  }

  /** Stores what there is. False if it could not be stored: it waits. */
  flush(): Promise<boolean> {
    this.#running = this.#running.then(() => this.#store());
    return this.#running;
  }

  #isEmpty(): boolean {
    if (this.#batch.length === 0) this.#batch = this.#deps.sentinel.take();
    return this.#batch.length === 0;
  }

  /** Not in the scope of whoever failed first: it is nobody's trace. */
  async #store(): Promise<boolean> {
    if (this.#isEmpty()) return true;
    const { telemetry } = this.#deps;
    const scope = telemetry.openScope('platform error recorder', undefined);
    try {
      await runInScope(scope, () => this.#storeBatch());
      telemetry.closeScope(scope, null);
      this.#stored();
      return true;
    } catch (thrown) {
      telemetry.closeScope(scope, toAppError(thrown));
      this.#failed(thrown);
      return false;
    }
  }

  async #storeBatch(): Promise<void> {
    const { database, sentinel, tell } = this.#deps;
    const samples = await database.transaction(async (tx) => {
      const recorded = await recordFaults(tx, this.#batch);
      await tell(tx, recorded);
      return recorded.samples;
    });
    for (const [fingerprint, count] of samples) sentinel.learn(fingerprint, count);
  }

  #stored(): void {
    this.#batch = [];
    this.#refusals = 0;
    if (this.#isFailing) this.#deps.log.info('errors are stored again');
    this.#isFailing = false;
    // The sentinel called while the batch was waiting.
    if (!this.#isEmpty()) this.#arm();
  }

  #failed(thrown: unknown): void {
    const err = toAppError(thrown);
    if (!this.#isFailing) this.#deps.log.warn({ err }, 'errors cannot be stored; they wait, and are counted');
    this.#isFailing = true;
    if (err.kind === 'internal') this.#refusals += 1;
    if (this.#refusals >= maxRefusals) {
      this.#deps.log.error(
        { err, lost: this.#batch.map(({ fingerprint }) => fingerprint) },
        'errors were refused and are lost',
      );
      this.#batch = [];
      this.#refusals = 0;
    }
    this.#arm();
  }

  #arm(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = null;
      void this.flush();
    }, pauseMs).unref();
  }

  #disarm(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
