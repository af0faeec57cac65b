import { pino } from 'pino';

import type { Actor } from '#kernel/actor.ts';
import { newId } from '#kernel/ids.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import { openTelemetry } from '#kernel/observability/open-telemetry.ts';
import type { Telemetry } from '#kernel/observability/telemetry.ts';

/** A superuser with a session, unless a test says otherwise. */
export const buildActor = (changes: Partial<Actor> = {}): Actor => ({
  type: 'admin',
  id: newId(),
  sessionId: newId(),
  credentialId: null,
  method: 'session',
  isSuperuser: true,
  restriction: null,
  authenticatedAt: new Date(),
  permissions: new Set(),
  ...changes,
});

/** Writes nothing; with a list, every line as an object into it. */
export const buildLog = (lines?: Record<string, unknown>[]): Logger =>
  lines === undefined
    ? pino({ level: 'silent' })
    : pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) });

export const noMetrics = { queryDuration: () => undefined };
export const noTelemetry = { startSpan: () => null };

/** Trace ids and no spans, as where no collector is configured. */
export const buildTelemetry = (log: Logger): Promise<Telemetry> =>
  openTelemetry({
    otlpEndpoint: null,
    headers: {},
    sampleRatio: 1,
    serviceName: 'ashlar',
    release: 'test',
    role: 'test',
    log,
  });
