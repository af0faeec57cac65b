import { z } from 'zod';

import type { Db, Tx } from '#kernel/database/database.ts';
import { newId } from '#kernel/ids.ts';
import type { SealedTable } from '#kernel/secrets/sealed-table.ts';
import { createSecretValue } from '#kernel/secrets/secret-value.ts';
import type { ResolvedSecret } from '#portals/platform.ts';
import type { PlatformDeps } from '../deps.ts';
import { isAllowedHost, isHostPattern } from '../domain/allowed-host.ts';
import {
  deleteSecretVersions,
  findSealedSecret,
  insertSecret,
  insertSecretVersion,
  listSecretVersions,
  lockSecret,
  type SecretRow,
  updateSecretRow,
} from '../store/secrets.ts';

const part = '[a-z0-9][a-z0-9._-]*';

export const secretName = z
  .string()
  .max(200)
  .regex(new RegExp(`^${part}(/${part})*$`), 'must be parts of a-z, 0-9, dot, underscore, hyphen, with / between them');
export const secretText = z.string().min(1).max(65_536);
export const secretDescription = z.string().min(1).max(500);
export const allowedHosts = z
  .array(z.string().max(253).refine(isHostPattern, 'must be a host such as api.example.com or *.example.com'))
  .min(1)
  .max(50);

export const secretView = z.object({
  name: z.string(),
  description: z.string().nullable(),
  allowedHosts: z.array(z.string()).nullable(),
  version: z.int(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  versions: z.array(z.object({ version: z.int(), createdAt: z.iso.datetime() })),
});
export type SecretView = z.output<typeof secretView>;

export const viewSecrets = async (db: Db, rows: readonly SecretRow[]): Promise<SecretView[]> => {
  const versions = await listSecretVersions(
    db,
    rows.map(({ id }) => id),
  );
  return rows.map(({ id, ...row }) => ({
    ...row,
    versions: versions
      .filter(({ secretId }) => secretId === id)
      .map(({ version, createdAt }) => ({ version, createdAt })),
  }));
};

export const namedSecretTable: SealedTable = {
  table: 'platform.secret_versions',
  column: 'sealed',
  id: 'secret_id',
  version: 'version',
};
const placeOf = (id: string, version: number) => ({ table: namedSecretTable.table, id, version });

/** Of a value that turns out wrong, the former one is still there. */
const keptVersions = 10;

type Secrets = PlatformDeps['kernel']['secrets'];
type NewSecret = Pick<SecretRow, 'name' | 'description' | 'allowedHosts'> & { readonly value: string };

/** In `tx`. Null: the name is taken. */
export const addSecret = async (
  tx: Tx,
  secrets: Secrets,
  { value, ...given }: NewSecret,
): Promise<SecretRow | null> => {
  const id = newId();
  if (!(await insertSecret(tx, { id, ...given }))) return null;
  const sealed = secrets.seal(Buffer.from(value), placeOf(id, 1));
  await insertSecretVersion(tx, { id: newId(), secretId: id, version: 1, sealed });
  return lockSecret(tx, given.name);
};

type Change = {
  readonly secret: SecretRow;
  /** Absent: what holds stays. */
  readonly value?: string | undefined;
  readonly description?: string | null | undefined;
  readonly allowedHosts?: string[] | null | undefined;
};

/** In `tx`, of a secret that is locked: makes the next version of it, and answers its number. */
export const changeSecret = async (tx: Tx, secrets: Secrets, change: Change): Promise<number> => {
  const { secret } = change;
  const { id, version: former } = secret;
  const value = change.value === undefined ? await openValue(tx, secrets, secret) : Buffer.from(change.value);
  const version = former + 1;
  const { description = secret.description, allowedHosts: hosts = secret.allowedHosts } = change;
  const sealed = secrets.seal(value, placeOf(id, version));
  await insertSecretVersion(tx, { id: newId(), secretId: id, version, sealed });
  await updateSecretRow(tx, { id, version, description, allowedHosts: hosts });
  await deleteSecretVersions(tx, id, version - keptVersions);
  return version;
};

const openValue = async (tx: Tx, secrets: Secrets, { id, name, version }: SecretRow): Promise<Buffer> => {
  const found = await findSealedSecret(tx, name);
  if (found === null) throw new Error(`the secret ${name} has no version ${version}`);
  return secrets.open(found.sealed, placeOf(id, version));
};

/** What may be shown of a secret in the audit trail. */
export const describeSecret = ({ name, description, allowedHosts: hosts, version }: SecretRow) => ({
  name,
  description,
  allowedHosts: hosts,
  version,
});

type Kernel = Pick<PlatformDeps['kernel'], 'database' | 'secrets'>;

/** The portal's `resolveSecret`. */
export const resolveNamed = async (
  { database, secrets }: Kernel,
  name: string,
  host: string | null,
): Promise<ResolvedSecret> => {
  const found = await findSealedSecret(database.lanes, name);
  if (found === null) return { outcome: 'not_found' };
  if (!isAllowedHost(found.allowedHosts, host)) return { outcome: 'host_not_allowed' };
  const value = secrets.open(found.sealed, placeOf(found.id, found.version));
  return { outcome: 'resolved', secret: createSecretValue(value.toString()) };
};

/** The portal's `putSecret`: makes the secret, or its next version. */
export const putNamed = ({ database, secrets }: Kernel, given: NewSecret): Promise<void> =>
  database.transaction(async (tx) => {
    const secret = await lockSecret(tx, given.name);
    if (secret !== null) await changeSecret(tx, secrets, { secret, ...given });
    // Whoever was faster with the same name has committed by now.
    else if ((await addSecret(tx, secrets, given)) === null) {
      const taken = await lockSecret(tx, given.name);
      if (taken !== null) await changeSecret(tx, secrets, { secret: taken, ...given });
    }
  });
