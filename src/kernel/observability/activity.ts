import type { Actor } from '../actor.ts';

/** Which people acted lately. Service accounts are none. */
export type Activity = {
  /** At every run: one look into a set for who was seen before. */
  see(actor: Actor): void;
  /** Ids of those seen for the first time since the last `forget`, each once. */
  take(): readonly string[];
  /** Everybody is new again. */
  forget(): void;
};

export const createActivity = (): Activity => {
  const seen = new Set<string>();
  let fresh: string[] = [];
  return {
    see: ({ id, type }) => {
      if (seen.has(id) || type === 'service_acc') return;
      seen.add(id);
      fresh.push(id);
    },
    take: () => {
      const taken = fresh;
      fresh = [];
      return taken;
    },
    forget: () => seen.clear(),
  };
};
