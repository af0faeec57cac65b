import { pino } from 'pino';

import { openDatabase } from '../../database/open-database.ts';
import { createMetrics } from '../../observability/create-metrics.ts';
import { openTelemetry } from '../../observability/open-telemetry.ts';
import { createRotation } from '../rotation.ts';
import { openSecrets } from '../secrets.ts';

/** Begins or resumes a rotation of the key that is kept at a path, and finishes it unless it is killed. */
const [url = '', generateAt = '', table = ''] = process.argv.slice(2);
const log = pino({ level: 'silent' });
const telemetry = await openTelemetry({
  otlpEndpoint: null,
  headers: {},
  sampleRatio: 1,
  serviceName: 'ashlar',
  release: 'test',
  role: 'test',
  log,
});
const database = await openDatabase({ url, log, metrics: createMetrics(), telemetry });
const none = { masterKey: null, masterKeyFile: null, previousMasterKey: null, previousMasterKeyFile: null };
const opened = await openSecrets({ ...none, generateAt }, database);
const notices = { announce: () => Promise.resolve(), untilAll: () => Promise.resolve([]) };
const rotation = createRotation({ ...opened, database, notices });
const tables = [{ table, column: 'sealed', id: 'id', version: 'version' }];
process.stdout.write('ready\n');
const begun = await database.transaction((tx) => rotation.begin(tx, tables));
process.stdout.write(`${begun}\n`);
await rotation.finish(tables);
await database.close();
await telemetry.close();
process.stdout.write('finished\n');
