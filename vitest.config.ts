import { configDefaults, defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Node itself runs the code, as it does in production: vite would rewrite imports and refuse import.meta.resolve.
    experimental: { viteModuleRunner: false },
    include: ['{src,test,scripts,lint}/**/*.test.ts'],
    // Minutes each: `npm run test:long`.
    exclude: [...configDefaults.exclude, 'test/long/**'],
    globalSetup: ['./test/global-setup.ts'],
    // Processes, not threads: tests send signals, and native code (PostgreSQL's client aside) must die with its file.
    pool: 'forks',
    // Deadlines against hanging; nothing is measured by them.
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
