import { randomBytes } from 'node:crypto';

import { pino } from 'pino';

import type { Actor } from '#kernel/actor.ts';
import { newId } from '#kernel/ids.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import { openTelemetry } from '#kernel/observability/open-telemetry.ts';
import type { MasterKeySource } from '#kernel/secrets/key-source.ts';
import { openKeyring } from '#kernel/secrets/keyring.ts';
import { contextOf } from '#kernel/secrets/place.ts';
import { createSecrets, rootSecretPlace, type Secrets } from '#kernel/secrets/secrets.ts';
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

/** For a test to fill: where a master key comes from. */
export const noKeys: MasterKeySource = {
  masterKey: null,
  masterKeyFile: null,
  previousMasterKey: null,
  previousMasterKeyFile: null,
  generateAt: null,
};

/** Without a database: with a root secret of its own, sealed by the key of this source. */
export const buildSecrets = (
  source: Partial<MasterKeySource> = { masterKey: randomBytes(32).toString('base64') },
): Secrets => {
  const keyring = openKeyring({ ...noKeys, ...source });
  const sealed = keyring.newest.seal(randomBytes(32), contextOf(rootSecretPlace));
  return createSecrets({ keyring, root: { sealed, generation: 1 } });
};
