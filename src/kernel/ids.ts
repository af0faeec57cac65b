import { v7 } from 'uuid';

/** A UUIDv7 (RFC 9562): ordered by time of creation, and within a millisecond by this process's counter. */
export const newId = (): string => v7();
