/** What came of a slot: of its task the state, `gone` if that was cancelled, purged, or its result is no longer kept. */
export const fireStates = ['skipped', 'waiting', 'ready', 'running', 'done', 'dead', 'gone'] as const;
export type FireState = (typeof fireStates)[number];
