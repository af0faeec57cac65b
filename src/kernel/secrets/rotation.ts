import { existsSync } from 'node:fs';

import type { Database, Tx } from '../database/database.ts';
import { findRootSecret, lockMasterKey, type RootSecretRow, updateRootSecret } from '../database/root-secret.ts';
import { hasSealedUnderAnother, listSealedUnderAnother, updateSealed } from '../database/sealed-values.ts';
import { AppError } from '../error.ts';
import { createKeyFile, nextKeyFile, turnKeyFiles } from './key-file.ts';
import type { Keyring } from './keyring.ts';
import type { MasterKeyNotices } from './master-key-notices.ts';
import { contextOf, type Place } from './place.ts';
import type { SealedTable } from './sealed-table.ts';
import { keyIdOfSealed } from './sealer.ts';
import { rootSecretPlace, type Secrets } from './secrets.ts';

export type RotationOptions = {
  readonly database: Database;
  readonly secrets: Secrets;
  readonly keyring: Keyring;
  /** Where the key is kept that nobody gave; null: keys are given by the configuration. */
  readonly generatedAt: string | null;
  readonly notices: MasterKeyNotices;
};

type Begun = 'begun' | 'resumed' | 'no_newer_key';

export type Rewrapping = {
  /** Processes that did not follow within 10 s: what they seal meanwhile is left for the next run. */
  readonly behind: readonly string[];
  /** How many values were put under the new key by this run. */
  readonly rewrapped: number;
  /** Damaged, or under a key that nobody has any more: they stay what they are. */
  readonly unreadable: readonly Place[];
};

/**
 * Replaces the master key while everything runs: `begin` makes another key the one that seals, `finish` puts every value
 * under it. Both may be repeated after a crash at any point; until the end both keys open values.
 */
export type Rotation = {
  /**
   * In the caller's transaction. `resumed`: an earlier rotation was not finished, and its key stays. `no_newer_key`: the
   * configuration gives no other key than the one in use.
   */
  begin(tx: Tx, tables: readonly SealedTable[]): Promise<Begun>;
  /**
   * Running processes that do not have the newest key: it must not seal before they do. A key that we made is in a file
   * that each of them reads when it needs it.
   */
  findUnprepared(): Promise<readonly string[]>;
  /** What `begin` would answer; changes nothing. */
  plan(tx: Tx, tables: readonly SealedTable[]): Promise<Begun>;
  finish(tables: readonly SealedTable[]): Promise<Rewrapping>;
};

export const createRotation = (options: RotationOptions): Rotation => ({
  begin: (tx, tables) => begin(options, tx, tables),
  plan: async (tx, tables) => toBegun(await plan(options, tx, tables)),
  findUnprepared: () => options.notices.untilAll('knows', options.keyring.newest.keyId),
  finish: async (tables) => {
    // Who has followed seals no more with the former key: what it sealed before is mostly written by now.
    const behind = await options.notices.untilAll('seals', options.secrets.keyId);
    const all: Walked[] = [];
    for (const table of tables) all.push(await rewrapTable(options, table));
    await options.database.transaction((tx) => turnFiles(options, tx));
    return {
      behind,
      rewrapped: all.reduce((sum, { rewrapped }) => sum + rewrapped, 0),
      unreadable: all.flatMap(({ unreadable }) => unreadable),
    };
  },
});

type Plan = { readonly step: 'make_key' | 'use_newest' | 'finish' | 'none'; readonly root: RootSecretRow };

const toBegun = ({ step }: Plan): Begun => (step === 'finish' ? 'resumed' : step === 'none' ? 'no_newer_key' : 'begun');

/** Holds the lock until the transaction ends, so that the plan stays true. */
const plan = async (options: RotationOptions, tx: Tx, tables: readonly SealedTable[]): Promise<Plan> => {
  const { keyring, generatedAt } = options;
  await lockMasterKey(tx);
  keyring.reload();
  const root = await findRootSecret(tx);
  if (root === null) throw new Error('kernel.root_secret is empty: the program has not started yet');
  if (keyIdOfSealed(root.sealed) !== keyring.newest.keyId) return { step: 'use_newest', root };
  const isUnfinished = isTurning(options) || (await isAnyLeft(tx, tables, keyring.newest.keyId));
  return { step: isUnfinished ? 'finish' : generatedAt === null ? 'none' : 'make_key', root };
};

const begin = async (options: RotationOptions, tx: Tx, tables: readonly SealedTable[]): Promise<Begun> => {
  const planned = await plan(options, tx, tables);
  if (planned.step === 'make_key' && options.generatedAt !== null) {
    createKeyFile(nextKeyFile(options.generatedAt));
    options.keyring.reload();
  }
  if (planned.step === 'make_key' || planned.step === 'use_newest') await sealRoot(options, tx, planned.root);
  return toBegun(planned);
};

/** With the newest key from now on. */
const sealRoot = async ({ keyring, secrets, notices }: RotationOptions, tx: Tx, root: RootSecretRow) => {
  const plaintext = secrets.open(root.sealed, rootSecretPlace);
  const sealed = keyring.newest.seal(plaintext, contextOf(rootSecretPlace));
  const generation = await updateRootSecret(tx, { sealed, generation: root.generation });
  if (generation === null) throw new Error('the root secret changed under its lock');
  const row = { sealed, generation };
  await notices.announce(tx, row);
  tx.afterCommit(() => secrets.follow(row));
};

/** A rotation of the generated key has begun and its files have not yet changed places. */
const isTurning = ({ generatedAt }: RotationOptions): boolean =>
  generatedAt !== null && existsSync(nextKeyFile(generatedAt));

const isAnyLeft = async (tx: Tx, tables: readonly SealedTable[], keyId: string): Promise<boolean> => {
  for (const table of tables) if (await hasSealedUnderAnother(tx, table, keyId)) return true;
  return false;
};

const batchSize = 100;

/** Walks over the table until a walk finds nothing more to do: what others write meanwhile may lie behind it. */
const rewrapTable = async (options: RotationOptions, table: SealedTable): Promise<Walked> => {
  let rewrapped = 0;
  for (;;) {
    const walk = await walkOver(options, table);
    rewrapped += walk.rewrapped;
    if (walk.rewrapped === 0) return { rewrapped, unreadable: walk.unreadable };
  }
};

const walkOver = async ({ database, secrets }: RotationOptions, table: SealedTable): Promise<Walked> => {
  const unreadable: Place[] = [];
  let rewrapped = 0;
  let after: string | null = '(0,0)';
  while (after !== null) {
    const from: string = after;
    const batch: WalkedBatch = await database.transaction((tx) => rewrapBatch(tx, { table, secrets, after: from }));
    unreadable.push(...batch.unreadable);
    rewrapped += batch.rewrapped;
    after = batch.after;
  }
  return { rewrapped, unreadable };
};

type Batch = { readonly table: SealedTable; readonly secrets: Secrets; readonly after: string };

type Walked = Omit<Rewrapping, 'behind'>;

/** `after`: where the next one begins; null at the end of the table. */
type WalkedBatch = Walked & { readonly after: string | null };

const rewrapBatch = async (tx: Tx, { table, secrets, after }: Batch): Promise<WalkedBatch> => {
  const rows = await listSealedUnderAnother(tx, table, { keyId: secrets.keyId, after, limit: batchSize });
  const unreadable: Place[] = [];
  const values = rows.flatMap(({ at, id, version, sealed }) => {
    const place = { table: table.table, id, version };
    const to = rewrapIfReadable(secrets, sealed, place);
    if (to === 'unreadable') unreadable.push(place);
    return to === null || to === 'unreadable' ? [] : [{ at, from: sealed, to }];
  });
  const rewrapped = values.length === 0 ? 0 : await updateSealed(tx, table, values);
  return { rewrapped, unreadable, after: rows.length < batchSize ? null : (rows.at(-1)?.at ?? null) };
};

/** One damaged row must not keep all others under the old key. */
const rewrapIfReadable = (secrets: Secrets, sealed: Buffer, place: Place): Buffer | 'unreadable' | null => {
  try {
    return secrets.rewrap(sealed, place);
  } catch (thrown) {
    if (thrown instanceof AppError && thrown.kind === 'conflict') return 'unreadable';
    throw thrown;
  }
};

const turnFiles = async (options: RotationOptions, tx: Tx): Promise<void> => {
  const { generatedAt, keyring, secrets } = options;
  await lockMasterKey(tx);
  keyring.reload();
  if (generatedAt === null || !isTurning(options) || secrets.keyId !== keyring.newest.keyId) return;
  turnKeyFiles(generatedAt);
  keyring.reload();
};
