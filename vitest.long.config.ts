import { configDefaults, defineConfig } from 'vitest/config';

import base from './vitest.config.ts';

/** What is promised of many kills, long load and a broken machine; minutes each. */
export default defineConfig({
  test: {
    ...base.test,
    include: ['test/long/*.long.test.ts'],
    exclude: configDefaults.exclude,
    // One file at a time: what they measure in seconds would suffer from a neighbour.
    fileParallelism: false,
    testTimeout: 300_000,
  },
});
