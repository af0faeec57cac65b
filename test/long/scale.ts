/**
 * The numbers of the long tests are those that are promised; `LONG_SCALE=0.25` runs a quarter of each. The check of
 * every commit does that: it has forty minutes for everything, on whatever machine it finds.
 */
export const scaled = (full: number): number => Math.max(1, Math.ceil(full * Number(process.env['LONG_SCALE'] ?? 1)));
