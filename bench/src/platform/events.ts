/** Events whose handler inserts one row, as the bench sees them: in a process and a database of their own. */
export type Events = {
  /** So many, numbered from `first`. */
  publish(first: number, count: number): Promise<void>;
  /** `onStart`: a handler begins. `onEnd`: its row is there. */
  handle(watch: { onStart(): void; onEnd(): void }): Promise<void>;
  countRows(): Promise<number>;
};

export type OpenEvents = (url: string) => Promise<Events>;

/** The rows that the handlers insert. */
export const createEffects = 'create table public.effects (n int not null, at timestamptz not null default now())';
