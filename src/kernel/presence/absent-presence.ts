import { newId } from '../ids.ts';
import type { Presence } from './presence.ts';

const never = () => () => undefined;

/** Of a one-off command, and of a test that needs no more: an id, and nobody who would notice its end. */
export const createAbsentPresence = (): Presence => ({
  processId: newId(),
  processes: 1,
  behindMs: Infinity,
  db: null,
  onUp: never,
  onPulse: never,
  onLost: never,
  listen: never,
  ask: never,
  describe: () => undefined,
  hurry: () => undefined,
  restart: () => undefined,
  close: () => Promise.resolve(),
});
