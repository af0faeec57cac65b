import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import { kernelError } from '#kernel/error.ts';
import type { SettingContract } from '#kernel/setting.ts';
import type { Ctx } from '#kernel/usecase.ts';
import { clearSetting, findSettingRow, type SettingRow, upsertSetting } from '../store/settings.ts';
import { isFlag, type Settings } from './settings.ts';

export const settingKey = z.string().min(1).max(200);

export const settingView = z.object({
  key: z.string(),
  description: z.string(),
  kind: z.enum(['value', 'flag']),
  /** JSON Schema of the value. */
  schema: z.record(z.string(), z.unknown()),
  default: z.unknown(),
  value: z.unknown(),
  isOverridden: z.boolean(),
  version: z.int(),
  updatedAt: z.iso.datetime().nullable(),
  problem: z.string().nullable(),
});
export type SettingView = z.output<typeof settingView>;

/** Every setting that is declared, by key, with what is set in its place. */
export const viewSettings = (settings: Settings, rows: readonly SettingRow[]): SettingView[] => {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  return settings.declared
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((contract) => view(contract, byKey.get(contract.key)));
};

const view = (contract: SettingContract, row: SettingRow | undefined): SettingView => {
  const { key, description, schema } = contract;
  return {
    key,
    description,
    kind: isFlag(contract) ? 'flag' : 'value',
    schema: z.toJSONSchema(schema, { unrepresentable: 'any' }),
    default: contract.default,
    ...(row === undefined ? neverSet(contract) : viewRow(contract, row)),
  };
};

const neverSet = ({ default: value }: SettingContract) => ({
  value,
  isOverridden: false,
  version: 0,
  updatedAt: null,
  problem: null,
});

const viewRow = (contract: SettingContract, { value, isOverridden, version, updatedAt }: SettingRow) => {
  const problem = isOverridden ? flawOf(contract, value) : null;
  const holds = isOverridden && problem === null;
  return { value: holds ? value : contract.default, isOverridden: holds, version, updatedAt, problem };
};

/** Why the default holds although a value is set. */
const flawOf = ({ schema }: SettingContract, value: unknown): string | null => {
  const parsed = z.safeParse(schema, value);
  return parsed.success ? null : z.prettifyError(parsed.error);
};

/** The value as the setting keeps it; INPUT_INVALID with its fields under `value`. */
export const readValue = ({ schema }: SettingContract, value: unknown): unknown => {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  const fields: Record<string, string[]> = {};
  for (const { path, message } of parsed.error.issues) {
    (fields[['value', ...path.map(String)].join('.')] ??= []).push(message);
  }
  throw kernelError('INPUT_INVALID', { details: { fields } });
};

type Change = { readonly tx: Tx; readonly key: string; readonly value: unknown; readonly version: number };

/** In `tx`: sets a value that was read already. Null: the setting has another version. */
export const changeSetting = async (
  ctx: Ctx,
  settings: Settings,
  { tx, key, value, version }: Change,
): Promise<number | null> => {
  const row = await findSettingRow(tx, key);
  const next = await upsertSetting(tx, { key, json: JSON.stringify(value), version });
  if (next === null) return null;
  await ctx.audit(tx, { subject: `setting:${key}`, before: overrideOf(row), after: { value } });
  await settings.announce(tx, { key, value, isOverridden: true, version: next });
  return next;
};

/** In `tx`: lets the default hold again. Null: it did already. */
export const resetSetting = async (
  ctx: Ctx,
  settings: Settings,
  { tx, key }: Pick<Change, 'tx' | 'key'>,
): Promise<number | null> => {
  const row = await findSettingRow(tx, key);
  const next = await clearSetting(tx, key);
  if (next === null) return null;
  await ctx.audit(tx, { subject: `setting:${key}`, before: overrideOf(row), after: { isOverridden: false } });
  await settings.announce(tx, { key, value: null, isOverridden: false, version: next });
  return next;
};

const overrideOf = (row: SettingRow | null) => (row?.isOverridden ? { value: row.value } : { isOverridden: false });
