import { join } from 'node:path';

import type { MasterKeySource } from '#kernel/secrets/key-source.ts';
import type { AppConfig } from './config.ts';

/** Only beside an embedded database do we make a master key: elsewhere it must come from whoever keeps secrets. */
export const keySource = ({ secrets, database, dataDirectory }: AppConfig): MasterKeySource => ({
  masterKey: secrets.masterKey ?? null,
  masterKeyFile: secrets.masterKeyFile ?? null,
  previousMasterKey: secrets.previousMasterKey ?? null,
  previousMasterKeyFile: secrets.previousMasterKeyFile ?? null,
  generateAt: database.mode === 'embedded' ? join(dataDirectory, 'keys', 'master.key') : null,
});
