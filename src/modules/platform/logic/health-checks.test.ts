import { describe, expect, test } from 'vitest';

import { AppError } from '#kernel/error.ts';
import { createHealthChecks } from './health-checks.ts';

const ok = { status: 'ok' } as const;

describe('createHealthChecks', () => {
  test('gathers what modules find and what was registered', async () => {
    const checks = createHealthChecks(() => [
      { name: 'stone', health: () => Promise.resolve({ 'stone.walls': ok, 'stone.gates': { status: 'degraded' } }) },
      { name: 'mortar' },
    ]);
    checks.register('relay', () => Promise.resolve({ status: 'failed', detail: 'away' }));
    expect(await checks.run()).toEqual({
      'stone.walls': ok,
      'stone.gates': { status: 'degraded' },
      relay: { status: 'failed', detail: 'away' },
    });
  });

  test('one that throws or hangs has failed, and spoils no other', async () => {
    const checks = createHealthChecks(() => [
      { name: 'stone', health: () => Promise.reject(new AppError('WALL_MISSING', { kind: 'unavailable' })) },
      { name: 'mortar', health: () => Promise.resolve({ mortar: ok }) },
    ]);
    checks.register('relay', () => new Promise(() => undefined));
    expect(await checks.run()).toEqual({
      stone: { status: 'failed', detail: 'WALL_MISSING' },
      mortar: ok,
      relay: { status: 'failed', detail: expect.stringContaining('no answer within') },
    });
  });

  test('a name is given once', () => {
    const checks = createHealthChecks(() => []);
    checks.register('relay', () => Promise.resolve(ok));
    expect(() => checks.register('relay', () => Promise.resolve(ok))).toThrow('already');
  });
});
