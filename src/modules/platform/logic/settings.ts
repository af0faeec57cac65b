import type { z } from 'zod';

import type { Logger } from '#kernel/observability/logger.ts';
import { type FlagContract, flagSchema, type SettingContract } from '#kernel/setting.ts';
import { isEnabledFor } from '../domain/flag.ts';

/** A setting as it is kept; `version` says which of two is newer. */
export type SettingChange = {
  readonly key: string;
  readonly value: unknown;
  readonly isOverridden: boolean;
  readonly version: number;
};

/** What is set in place of defaults, in the memory of this process. */
export type Settings = {
  /** Reads everything that is set. Throws if two modules declare the same key. */
  load(): Promise<void>;
  /** Null: nobody declares it. */
  find(key: string): SettingContract | null;
  readonly declared: readonly SettingContract[];
  get<S extends z.ZodType>(setting: SettingContract<S>): z.output<S>;
  isEnabled(flag: FlagContract, actorId: string | null): boolean;
  /** Takes a change over unless a newer one is known. */
  apply(change: SettingChange): void;
};

type SettingsDeps = {
  readonly listDeclared: () => readonly SettingContract[];
  readonly listChanges: () => Promise<readonly SettingChange[]>;
  readonly log: Logger;
};

type Known = { readonly version: number; readonly override: { readonly value: unknown } | null };

export const createSettings = ({ listDeclared, listChanges, log }: SettingsDeps): Settings => {
  const known = new Map<string, Known>();
  // A flag may name a thousand actors: it is read through its schema once, not at each question.
  const flags = new Map<string, z.output<typeof flagSchema>>();

  const find = (key: string) => listDeclared().find((contract) => contract.key === key) ?? null;
  const apply = (change: SettingChange): void => {
    const { key, value, isOverridden, version } = change;
    const contract = find(key);
    if (contract === null || version <= (known.get(key)?.version ?? 0)) return;
    const isAccepted = isOverridden && accepts(contract, value, log);
    known.set(key, { version, override: isAccepted ? { value } : null });
    if (isFlag(contract) && isAccepted) flags.set(key, flagSchema.parse(value));
    else flags.delete(key);
  };

  return {
    load: async () => {
      refuseDuplicates(listDeclared());
      for (const change of await listChanges()) apply(change);
    },
    find,
    get declared() {
      return listDeclared();
    },
    get: (setting) => {
      const override = known.get(setting.key)?.override;
      return override ? setting.schema.parse(override.value) : setting.default;
    },
    isEnabled: (flag, actorId) => isEnabledFor(flag.key, flags.get(flag.key) ?? flag.default, actorId),
    apply,
  };
};

const accepts = ({ key, schema }: SettingContract, value: unknown, log: Logger): boolean => {
  if (schema.safeParse(value).success) return true;
  log.warn({ key }, 'the value of a setting no longer fits what this release declares: its default holds');
  return false;
};

export const isFlag = ({ schema }: SettingContract): boolean => schema === flagSchema;

const refuseDuplicates = (declared: readonly SettingContract[]): void => {
  const keys = declared.map(({ key }) => key);
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw new Error(`the setting ${twice} is declared twice`);
};
