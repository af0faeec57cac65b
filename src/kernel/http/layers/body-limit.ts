import { bodyTooLarge } from '../body.ts';
import type { Layer } from '../layer.ts';

/** Refuses a body that announces itself as too large before a byte of it is read; one that does not is cut off while it is read. */
export const bodyLimit = (): Layer => ({
  name: 'body limit',
  enter: ({ incoming, route: { bodyLimitBytes } }) => {
    const length = incoming.headers['content-length'];
    if (length !== undefined && Number(length) > bodyLimitBytes) throw bodyTooLarge(bodyLimitBytes);
  },
});
