import type { Layer } from '../layer.ts';

/** The last: the route answers. */
export const useCase = (): Layer => ({
  name: 'use case',
  enter: (exchange) => exchange.route.run(exchange),
});
