import { openDatabase } from '../../database/open-database.ts';
import { actorOf, createFixture } from '../../http/testing/fixture.ts';
import { Inbox } from '#kernel/feed/inbox.ts';
import { createMetrics } from '../../observability/create-metrics.ts';
import { openPresence } from '../../presence/open-presence.ts';
import { openSecrets } from '../../secrets/secrets.ts';
import { createIdempotency } from '../idempotency.ts';
import { buildLog, noKeys, noTelemetry } from '#test/build.ts';
import { effectActions, type Gate } from './effects.ts';

/** By their bearer tokens. */
const actors = {
  alice: actorOf({ id: '018f0000-0000-7000-8000-00000000a11c' }),
  bob: actorOf({ id: '018f0000-0000-7000-8000-000000000b0b' }),
  carol: actorOf({ id: '018f0000-0000-7000-8000-0000000ca201', type: 'user' }),
};
export type Name = keyof typeof actors;

const openGate: Gate = { pass: () => Promise.resolve() };

type Options = {
  /** Default: open. */
  readonly gate?: Gate;
  /** Of the queries alone; default the same as that of its presence. */
  readonly databaseUrl?: string;
};

/** One process of an installation: its HTTP chain over a real database, present among the others. */
export const openKeyedApp = async (url: string, { gate = openGate, databaseUrl = url }: Options = {}) => {
  const log = buildLog();
  const observer = { metrics: createMetrics(), telemetry: noTelemetry };
  const database = await openDatabase({ url: databaseUrl, log, ...observer });
  const inbox = new Inbox({ windowSeconds: 60, log });
  const presence = await openPresence({ url, isPooled: false, role: 'test', release: 'test', inbox, observer, log });
  const masterKey = Buffer.alloc(32, 1).toString('base64');
  const { secrets } = await openSecrets({ ...noKeys, masterKey }, database);
  const idempotency = createIdempotency({ database, secrets, presence, log });
  const fixture = await createFixture(effectActions(gate), { actors, database, idempotency });
  return {
    fixture,
    presence,
    close: async () => {
      await idempotency.close();
      await presence.close();
      await database.close();
    },
  };
};
