import { randomBytes, randomUUID } from 'node:crypto';
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { embeddedError } from './embedded-error.ts';
import { giveToOwnerOf } from './home.ts';

const credentialsSchema = z.object({ admin: z.string(), owner: z.string(), app: z.string() });

/** Passwords of the three roles. Their alphabet needs no quoting in SQL and no escaping in a URL. */
export type Credentials = Readonly<z.infer<typeof credentialsSchema>>;

/** PostgreSQL's roles: who administers, who owns and migrates, who runs. */
export const roles = { admin: 'ashlar_admin', owner: 'ashlar_owner', app: 'ashlar_app' } as const;

export const databaseName = 'ashlar';

const fileIn = (home: string): string => join(home, 'credentials.json');

export const generateCredentials = (): Credentials => {
  const password = () => randomBytes(24).toString('base64url');
  return { admin: password(), owner: password(), app: password() };
};

export const writeCredentials = async (home: string, credentials: Credentials): Promise<void> => {
  const draft = `${fileIn(home)}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(credentials));
      await file.sync();
    } finally {
      await file.close();
    }
    await giveToOwnerOf(home, draft);
    await rename(draft, fileIn(home));
  } finally {
    await rm(draft, { force: true });
  }
};

export const readCredentials = async (home: string): Promise<Credentials> => {
  try {
    return credentialsSchema.parse(JSON.parse(await readFile(fileIn(home), 'utf8')));
  } catch (thrown) {
    throw embeddedError(
      'EMBEDDED_DATABASE_DIRECTORY',
      `cannot read the passwords of the database in ${fileIn(home)}: restore that file (or give it to the account that runs Ashlar); without it the data in ${home} cannot be opened`,
      thrown,
    );
  }
};

export const databaseUrl = (role: keyof typeof roles, credentials: Credentials, port: number): string => {
  const database = role === 'admin' ? 'postgres' : databaseName;
  return `postgres://${roles[role]}:${credentials[role]}@127.0.0.1:${port}/${database}`;
};

/** Makes a rename in the directory survive a power cut. */
export const syncDirectoryOf = async (path: string): Promise<void> => {
  const directory = await open(dirname(path), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};
