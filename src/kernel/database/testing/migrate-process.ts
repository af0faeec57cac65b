import { pino } from 'pino';

import { migrateUp } from '../migrate/migrate-up.ts';

const [ownerUrl = '', directory = ''] = process.argv.slice(2);
const result = await migrateUp({ ownerUrl, directory, log: pino({ level: 'silent' }) });
process.stdout.write(JSON.stringify(result));
