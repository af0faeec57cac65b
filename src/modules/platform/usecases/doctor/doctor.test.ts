import { expect } from 'vitest';

import type { Repairable } from '#kernel/doctor/finding.ts';
import { reinstall, type TestApp, test } from '#test/app.ts';
import { run } from '#test/run.ts';
import { doctor } from './doctor.ts';

const findings: readonly Repairable[] = [
  { check: 'node', severity: 'ok', message: 'Node v26.10.0', fix: null },
  { check: 'disk-space', severity: 'warning', message: 'nearly full', fix: 'free some' },
  {
    check: 'data-directory',
    severity: 'error',
    message: 'everybody may write',
    fix: 'chmod o-w it',
    repair: () => Promise.resolve(),
  },
];

const on = (app: TestApp) => reinstall(app, { examine: () => Promise.resolve(findings) });

test('doctor counts what it finds, with what to do', async ({ app }) => {
  expect(await run(on(app), 'platform.doctor')).toEqual({
    errors: 1,
    warnings: 1,
    findings: findings.map(({ check, severity, message, fix }) => ({ check, severity, message, fix })),
  });
});

test('doctor --fix repairs what can be repaired, and counts what is left', async ({ app }) => {
  expect(await run(on(app), 'platform.doctor', { fix: true })).toMatchObject({
    errors: 0,
    warnings: 1,
    findings: [{}, {}, { severity: 'ok', message: 'everybody may write: repaired', fix: null }],
  });
});

test('doctor ends with 1 only for an error, and prints a line each with the way out below', ({ app }) => {
  const command = doctor({ installation: app.installation, listSealedTables: () => [] });
  const shown = {
    errors: 0,
    warnings: 1,
    findings: [{ check: 'disk-space', severity: 'warning' as const, message: 'm', fix: 'f' }],
  };
  expect(command.isFailure?.(shown)).toBe(false);
  expect(command.isFailure?.({ ...shown, errors: 1 })).toBe(true);
  expect(command.render(shown)).toMatch(/^WARNING disk-space +m\n +→ f\n\n0 errors, 1 warnings\.$/);
});
