import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { Check } from './check.ts';
import { toAppError } from '../error.ts';
import { parseKey } from '../secrets/master-key.ts';
import { type DatabaseAddress, toDatabaseAddress } from './database-address.ts';
import { isOpenToAll } from './files.ts';
import type { KernelSettings } from './sections.ts';

type DatabaseLimits = Pick<KernelSettings['database'], 'pooler' | 'lanes' | 'transactions' | 'embedded'>;

type DatabaseConfig = DatabaseLimits &
  ({ readonly mode: 'embedded' } | ({ readonly mode: 'external' } & DatabaseAddress));

type HttpConfig = KernelSettings['http'] & {
  /** How people reach it, without a slash at the end; its scheme decides how cookies are marked. */
  readonly publicUrl: string;
};

/** What the kernel runs on: complete, every path absolute. */
export type KernelConfig = Omit<KernelSettings, 'database' | 'http'> & {
  readonly appEnv: string;
  /** True for every APP_ENV but `local`, `test` and `staging`. */
  readonly isProduction: boolean;
  readonly database: DatabaseConfig;
  readonly http: HttpConfig;
};

/** Judges the kernel's settings together and completes them. */
export const completeKernel = (settings: KernelSettings, check: Check): KernelConfig => {
  const { root, appEnv, isGuarded } = check;
  const { logger, secrets } = settings;
  checkMasterKeys(secrets, check);
  checkMail(settings.mail, check);
  if (settings.bus.driver === 'redis' && settings.redis.url === undefined) {
    check.refuse('bus.driver', `there is no Redis: set ${check.variableOf('redis.url')}`);
  }
  return {
    ...settings,
    appEnv,
    isProduction: isGuarded && appEnv !== 'staging',
    dataDirectory: resolve(root, settings.dataDirectory),
    database: completeDatabase(settings.database, check),
    http: completeHttp(settings.http, check),
    logger: { ...logger, output: logger.output === 'stdout' ? 'stdout' : resolve(root, logger.output) },
    secrets: resolveKeyFiles(secrets, root),
  };
};

const completeDatabase = (database: KernelSettings['database'], check: Check): DatabaseConfig => {
  const { mode, pooler, lanes, transactions, embedded } = database;
  const limits = { pooler, lanes, transactions, embedded };
  if (mode === 'embedded') refuseUnusedAddress(database, check);
  const address = mode === 'external' ? toDatabaseAddress(database, check) : null;
  return address === null ? { ...limits, mode: 'embedded' } : { ...limits, mode: 'external', ...address };
};

/** Data would be written elsewhere than where somebody believes. */
const refuseUnusedAddress = (database: KernelSettings['database'], check: Check): void => {
  for (const key of ['url', 'ownerUrl', 'directUrl', 'host'] as const) {
    if (database[key] === undefined) continue;
    const how = `set ${check.variableOf('database.mode')}=external, or take it away`;
    check.refuse(`database.${key}`, `is not used, because database.mode is embedded: ${how}`);
  }
};

const completeHttp = (http: KernelSettings['http'], check: Check): HttpConfig => {
  const publicUrl = new URL(http.publicUrl ?? `http://${hostOf(http.host)}:${http.port}`);
  if (publicUrl.origin !== publicUrl.href.replace(/\/$/, '')) {
    check.refuse('http.publicUrl', 'must be scheme, host and port alone');
  }
  if (http.publicUrl === undefined && check.isGuarded) {
    check.refuse('http.publicUrl', `the address that people type is needed: set ${check.variableOf('http.publicUrl')}`);
  } else if (check.isGuarded && publicUrl.protocol !== 'https:') {
    check.refuse('http.publicUrl', 'must be https: sign-ins would cross the network readable');
  }
  return { ...http, publicUrl: publicUrl.origin };
};

/** Who listens on every address is reached, from this machine, on the loopback. */
const hostOf = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

const checkMail = ({ driver, ...mail }: KernelSettings['mail'], check: Check): void => {
  for (const key of ['smtpUrl', 'from'] as const) {
    if (driver === 'outbox' || mail[key] !== undefined) continue;
    check.refuse(`mail.${key}`, `mail.driver is smtp: set ${check.variableOf(`mail.${key}`)} too`);
  }
};

type SecretsSettings = KernelSettings['secrets'];

const resolveKeyFiles = (secrets: SecretsSettings, root: string): SecretsSettings => {
  const { masterKeyFile, previousMasterKeyFile } = secrets;
  return {
    ...secrets,
    ...(masterKeyFile !== undefined && { masterKeyFile: resolve(root, masterKeyFile) }),
    ...(previousMasterKeyFile !== undefined && { previousMasterKeyFile: resolve(root, previousMasterKeyFile) }),
  };
};

const checkMasterKeys = (secrets: SecretsSettings, check: Check): void => {
  checkMasterKey('masterKey', secrets, check);
  checkMasterKey('previousMasterKey', secrets, check);
  if (check.isGuarded && secrets.masterKey === undefined && secrets.masterKeyFile === undefined) {
    const names = [check.variableOf('secrets.masterKey'), check.variableOf('secrets.masterKeyFile')];
    check.refuse('secrets.masterKey', `the key that seals stored secrets is needed: set ${names.join(' or ')}`);
  }
};

const checkMasterKey = (name: 'masterKey' | 'previousMasterKey', secrets: SecretsSettings, check: Check): void => {
  const text = secrets[name];
  const file = secrets[`${name}File`];
  if (file !== undefined) {
    const message = problemOfKeyFile(resolve(check.root, file));
    if (message !== null) check.refuse(`secrets.${name}File`, message);
  } else if (text !== undefined) {
    const message = problemOfKey(text, `secrets.${name}`);
    if (message !== null) check.refuse(`secrets.${name}`, message);
  }
  if (file !== undefined && text !== undefined) {
    check.refuse(`secrets.${name}File`, `secrets.${name} is set too: give one of them`);
  }
};

const problemOfKeyFile = (file: string): string | null => {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return `there is no file ${file}`;
  return isOpenToAll(file) ? `every user may read ${file}: chmod 600 it` : null;
};

const problemOfKey = (text: string, source: string): string | null => {
  try {
    parseKey(text, source);
    return null;
  } catch (thrown) {
    return String(toAppError(thrown).details['message']);
  }
};
