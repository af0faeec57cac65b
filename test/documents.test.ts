import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { describeApp } from '#app/describe-app.ts';
import { root } from '#app/release.ts';
import { listUseCases } from '#app/usecases.ts';
import { asyncTask, eventSubscriber, manualCommand, type UseCase, userAction } from '#kernel/usecase.ts';
import { compare } from './documents/compare.ts';
import { describeUseCase } from './documents/describe-use-case.ts';
import { readPage } from './documents/read-page.ts';

const usecases = listUseCases(await describeApp());
const pathOf = ({ module, usecase }: (typeof usecases)[number]) =>
  `docs/modules/${module}/usecases/${usecase.operationId}.md`;

describe('the documents and the code', () => {
  const pages = globSync('docs/modules/*/usecases/*.md', { cwd: root });

  test('every use case has a page, and every page a use case', () => {
    expect(pages.toSorted()).toEqual(usecases.map(pathOf).toSorted());
  });

  test.for(usecases.filter((entry) => pages.includes(pathOf(entry))).map((entry) => [pathOf(entry), entry] as const))(
    '%s says what the code does',
    ([path, { usecase }]) => {
      expect(compare(readPage(readFileSync(join(root, path), 'utf8')), describeUseCase(usecase))).toEqual([]);
    },
  );

  test('every file points at its page', () => {
    const files = globSync('src/modules/*/usecases/**/*.ts', { cwd: root }).filter(
      (file) => !file.endsWith('.test.ts'),
    );
    const lacking = files.filter((file) => {
      const [, , module = '', , , name = ''] = file.split('/');
      const page = `docs/modules/${module}/usecases/${name.replace(/\.ts$/, '.md')}`;
      return !readFileSync(join(root, file), 'utf8').includes(`/** @see ${page} */`);
    });
    expect(lacking).toEqual([]);
  });
});

describe('a page that differs is told apart', () => {
  const action = userAction({
    operationId: 'lay-stone',
    summary: 'Lay a stone',
    access: 'POST /api/v1/stone/walls/{wallId}',
    actors: ['admin', 'user'],
    permissions: ['stone:lay-stone'],
    input: z.object({ wallId: z.uuid(), note: z.string().optional() }),
    output: z.object({ height: z.int() }),
    errors: { WALL_NOT_FOUND: 'not_found' },
    execute: () => Promise.resolve({ height: 1 }),
  });
  const page = `# Lay Stone

> **type**: user_action

> **operation-id**: \`lay-stone\`

> **access**: \`POST /api/v1/stone/walls/{wallId}\`

> **actor**: user, admin

> **permissions**: \`stone:lay-stone\`

Lays a stone.

## Input

- \`wallId\`: the wall
- \`note\` (optional): why

## Output

- \`height\`: in stones

## Steps

1. Lay it.

## Error Scenarios

- \`WALL_NOT_FOUND\` (not_found): there is no such wall

## Idempotency

Each run lays one.
`;
  const problems = (text: string, usecase: UseCase = action) => compare(readPage(text), describeUseCase(usecase));

  test('not if it says what the code does', () => {
    expect(problems(page)).toEqual([]);
    const together = page.replace(': the wall\n- `note` (optional): why', ', `note` (optional): where and why');
    expect(problems(together)).toEqual([]);
  });

  test.for([
    ['user_action', 'async_task', ['type: the page says async_task, the code user_action']],
    ['POST', 'PUT', [expect.stringContaining('access: the page says PUT')]],
    ['user, admin', 'user', ['actor: the page says user, the code admin, user']],
    ['`stone:lay-stone`', 'none', ['permissions: the page says none, the code stone:lay-stone']],
    ['> **permissions**: `stone:lay-stone`\n', '', ['permissions: the page says nothing, the code stone:lay-stone']],
    ['> **type**', '> **event**: `stone.laid`\n\n> **type**', ['event: the page says stone.laid, the code nothing']],
    [
      '- `wallId`: the wall\n- `note` (optional): why',
      '- `wallId`, `note`: both',
      ['input: the page lacks note (optional)', 'input: the code lacks note'],
    ],
    [' (optional)', '', ['input: the page lacks note (optional)', 'input: the code lacks note']],
    ['- `height`: in stones', 'Nothing.', ['output: the page lacks height']],
    ['- `height`: in stones', '- `height`: in stones\n- `depth`: too', ['output: the code lacks depth']],
    [
      '(not_found)',
      '(conflict)',
      ['error: the page lacks WALL_NOT_FOUND (not_found)', 'error: the code lacks WALL_NOT_FOUND (conflict)'],
    ],
    ['1. Lay it.', 'Lay it.', ['no step is numbered']],
    ['Each run lays one.', '', ['Idempotency says nothing']],
    ['Lays a stone.', '', ['no sentence says what it does']],
    ['# Lay Stone', '# Stones', ['the title is Stones, not lay stone']],
    [
      '## Steps',
      '## Stages',
      [expect.stringContaining('the sections are Input, Output, Stages'), 'no step is numbered'],
    ],
  ] as const)('if %s is %s', ([right, wrong, expected]) => {
    expect(problems(page.replace(right, wrong))).toEqual(expected);
  });

  test('whatever the kind', () => {
    const payload = z.object({ wallId: z.uuid() });
    const execute = () => Promise.resolve();
    const others: readonly UseCase[] = [
      eventSubscriber({ operationId: 'lay-stone', event: { name: 'stone.wall_begun', payload }, execute }),
      asyncTask({ operationId: 'lay-stone', payload, schedule: { cron: '17 * * * *' }, execute }),
      manualCommand({
        operationId: 'lay-stone',
        summary: 'Lay a stone',
        usage: 'stone lay',
        input: z.object({}),
        output: z.object({}),
        secrets: { word: 'The word' },
        errors: {},
        render: () => '',
        execute: () => Promise.resolve({}),
      }),
    ];
    expect(others.map((usecase) => problems(page, usecase))).toEqual([
      expect.arrayContaining(['event: the page says nothing, the code stone.wall_begun']),
      expect.arrayContaining(['schedule: the page says nothing, the code 17 * * * *']),
      expect.arrayContaining([
        'usage: the page says nothing, the code stone lay',
        'input: the page lacks word (secret)',
      ]),
    ]);
  });
});
