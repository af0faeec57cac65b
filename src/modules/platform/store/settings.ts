import { eq, sql } from 'drizzle-orm';

import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import { prepared, type Slots } from '#kernel/database/prepared.ts';
import { settings } from '../schema.ts';

export type SettingRow = {
  readonly key: string;
  /** Of the JSON null and of a setting without a value alike null: see `isOverridden`. */
  readonly value: unknown;
  readonly isOverridden: boolean;
  readonly version: number;
  /** ISO 8601 */
  readonly updatedAt: string;
};

const columns = {
  key: settings.key,
  value: settings.value,
  isOverridden: sql<boolean>`${settings.value} is not null`,
  version: settings.version,
  updatedAt: isoText(settings.updatedAt),
};

export const listSettingRows = (db: Db): Promise<SettingRow[]> => db.select(columns).from(settings);

export const findSettingRow = async (db: Db, key: string): Promise<SettingRow | null> => {
  const [row] = await db.select(columns).from(settings).where(eq(settings.key, key));
  return row ?? null;
};

type Upsert = { key: string; json: string; version: number };
type Version = { readonly version: number };

const upsert = prepared(
  'platform.upsert-setting',
  (_db, value: Slots<Upsert>) => sql<Version>`
    insert into platform.settings as setting (key, value, version)
    select ${value.key}::text, ${value.json}::jsonb, 1
     where ${value.version}::int = 0
        or exists (select from platform.settings where key = ${value.key} and version = ${value.version})
        on conflict (key) do update
       set value = excluded.value, version = setting.version + 1, updated_at = now()
     where setting.version = ${value.version}
    returning version`,
);

/** Answers the new version; null if the setting has another version than the given one (0: it was never set). */
export const upsertSetting = async (tx: Tx, given: Upsert): Promise<number | null> =>
  (await upsert(tx, given))[0]?.version ?? null;

/** Answers the new version; null if there was no value of its own. */
export const clearSetting = async (tx: Tx, key: string): Promise<number | null> => {
  const [row] = await tx
    .update(settings)
    .set({ value: null, version: sql`${settings.version} + 1`, updatedAt: sql`now()` })
    .where(sql`${settings.key} = ${key} and ${settings.value} is not null`)
    .returning({ version: settings.version });
  return row?.version ?? null;
};
