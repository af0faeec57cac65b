import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';

import { createProgram, type Program } from '../ashlar/program.ts';
import type { Children } from '../host/children.ts';
import { type Cluster, openCluster } from '../host/postgres.ts';
import { type Generator, openGenerator } from '../load/open-generator.ts';

/** One measurement. `cpu`: microseconds of the server's CPU for each request, where a server is measured. */
export type Reading = { readonly value: number; readonly cpu?: number };

/** Where the candidates run: one server of PostgreSQL, and a new database for each measurement. */
export type PlatformSetting = {
  readonly children: Children;
  readonly directory: string;
  readonly benchRoot: string;
  readonly cluster: Cluster;
  readonly generator: Generator;
  readonly program: Program;
  /** Makes an empty database of this name, in place of one that is there, and answers its address. */
  withDatabase(name: string): Promise<string>;
  onAdmin<T>(ask: (sql: Sql) => Promise<T>): Promise<T>;
};

export type Place = Pick<PlatformSetting, 'children' | 'directory' | 'benchRoot'>;

export const preparePlatform = async (place: Place): Promise<PlatformSetting> => {
  const { children, directory, benchRoot } = place;
  const projectRoot = join(benchRoot, '..');
  const cluster = await openCluster(children, projectRoot, directory);
  mkdirSync(join(directory, 'logs'));
  const masterKey = randomBytes(32).toString('base64');
  const onAdmin: PlatformSetting['onAdmin'] = async (ask) => {
    const sql = postgres(cluster.adminUrl, { max: 1, onnotice: () => undefined });
    try {
      return await ask(sql);
    } finally {
      await sql.end();
    }
  };
  return {
    ...place,
    cluster,
    generator: await openGenerator(children),
    // Nobody collects traces here: every start goes without.
    program: createProgram({ children, projectRoot, directory, otlpUrl: 'http://127.0.0.1:9', masterKey }),
    withDatabase: async (name) => {
      await onAdmin((sql) => sql.unsafe(`drop database if exists ${name} with (force)`));
      await onAdmin((sql) => sql.unsafe(`create database ${name}`));
      return cluster.urlOf(name);
    },
    onAdmin,
  };
};
