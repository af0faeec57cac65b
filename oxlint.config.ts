import { defineConfig } from 'oxlint';

const tests = ['**/*.test.ts', '**/testing/**', 'test/**'];

/** Each rule that is named here has a planted violation in test/fence; rules of our own say in lint/ what they prevent. */
export default defineConfig({
  plugins: ['typescript', 'import', 'unicorn', 'oxc', 'promise', 'node', 'vitest'],
  env: { node: true, es2024: true },
  jsPlugins: ['./lint/ashlar.ts'],
  categories: { correctness: 'error' },
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: 'error' },
  ignorePatterns: ['node_modules/**', 'bench/**', 'console/**', 'data/**'],
  rules: {
    'ashlar/bodiless-portal': 'error',
    'ashlar/explained-assertion': 'error',
    'ashlar/explained-suppression': 'error',
    'ashlar/named-use-case': 'error',
    'ashlar/no-barrel': 'error',
    'ashlar/no-environment': 'error',
    'ashlar/no-fixed-sleep': 'error',
    'ashlar/no-foreign-schema': 'error',
    'ashlar/no-import-effect': 'error',
    'ashlar/no-late-header': 'error',
    'ashlar/no-module-state': 'error',
    'ashlar/one-transaction': 'error',
    'ashlar/plain-store': 'error',
    'ashlar/pure-domain': 'error',

    complexity: ['error', { max: 10 }],
    eqeqeq: 'error',
    'max-depth': ['error', { max: 3 }],
    'max-lines': ['error', { max: 300 }],
    'max-lines-per-function': ['error', { max: 60 }],
    'max-params': ['error', { max: 3 }],
    'no-console': 'error',
    'no-empty': 'error',
    // The way in which vitest is told that a fixture needs no other.
    'no-empty-pattern': ['error', { allowObjectPatternsAsParameters: true }],
    'no-var': 'error',
    'no-warning-comments': ['error', { terms: ['todo', 'fixme', 'xxx', 'hack'] }],
    'prefer-const': 'error',

    'import/no-default-export': 'error',
    'promise/no-multiple-resolved': 'error',
    'typescript/ban-ts-comment': ['error', { 'ts-expect-error': 'allow-with-description' }],
    'typescript/consistent-type-definitions': ['error', 'type'],
    'typescript/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports', disallowTypeAnnotations: true }],
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    // Factories answer objects whose functions need no `this`.
    'typescript/unbound-method': 'off',
    'typescript/no-misused-spread': ['error', { allow: ['string'] }],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'unicorn/filename-case': ['error', { case: 'kebabCase' }],
    'unicorn/prefer-node-protocol': 'error',
    'vitest/no-focused-tests': 'error',
    // They know only `test` and `expect` as vitest names them: not our fixtures, nor helpers that expect.
    'vitest/expect-expect': 'off',
    'vitest/no-standalone-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/valid-title': 'off',
    'vitest/no-restricted-vi-methods': [
      'error',
      { mock: 'pass the dependency in', doMock: 'pass the dependency in', useFakeTimers: 'pass a clock in' },
    ],
  },
  overrides: [
    { files: ['*.config.ts', '*.mjs', 'lint/ashlar.ts'], rules: { 'import/no-default-export': 'off' } },
    {
      files: ['src/kernel/config/**', 'scripts/**', 'test/**', 'lint/**', '*.config.ts'],
      rules: { 'ashlar/no-environment': 'off' },
    },
    // A `describe` is a chapter; what counts is the length of the file.
    { files: tests, rules: { 'max-lines-per-function': 'off' } },
  ],
});
