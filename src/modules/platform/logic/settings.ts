import { z } from 'zod';

import type { Tx } from '#kernel/database/database.ts';
import type { Events } from '#kernel/events/events.ts';
import type { Feed } from '#kernel/feed/feed.ts';
import type { Logger } from '#kernel/observability/logger.ts';
import { type FlagContract, flagSchema, type SettingContract } from '#kernel/setting.ts';
import { settingChanged } from '#portals/platform.ts';
import { isEnabledFor } from '../domain/flag.ts';

/** A setting as it is kept; `version` says which of two is newer. */
export type SettingChange = {
  readonly key: string;
  readonly value: unknown;
  readonly isOverridden: boolean;
  readonly version: number;
};

const settingNoticed = {
  name: 'platform.setting-changed',
  data: z.object({ key: z.string(), value: z.unknown(), isOverridden: z.boolean(), version: z.int() }),
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
  /** In the transaction of the change: tells every process, this one included, and whoever subscribes. */
  announce(tx: Tx, change: SettingChange): Promise<void>;
};

type SettingsDeps = {
  readonly listDeclared: () => readonly SettingContract[];
  readonly listChanges: () => Promise<readonly SettingChange[]>;
  readonly feed: Pick<Feed, 'publish' | 'listen'>;
  readonly events: Pick<Events, 'publish'>;
  readonly log: Logger;
};

type Known = { readonly version: number; readonly override: { readonly value: unknown } | null };

export const createSettings = ({ listDeclared, listChanges, feed, events, log }: SettingsDeps): Settings => {
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

  const read = async (): Promise<void> => {
    for (const change of await listChanges()) apply(change);
  };
  /** Notices were missed: what they said is in the table. */
  const readAgain = (): void => {
    read().catch((err: unknown) => {
      log.warn({ err }, 'the settings could not be read again; this is tried until it works');
      setTimeout(readAgain, retryMs).unref();
    });
  };

  return {
    load: async () => {
      refuseDuplicates(listDeclared());
      // First, so that no change falls between the two.
      feed.listen(settingNoticed, ({ value, ...change }) => apply({ ...change, value }), readAgain);
      await read();
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
    announce: async (tx, change) => {
      await feed.publish(tx, settingNoticed, change);
      await events.publish(tx, settingChanged, { key: change.key }, { key: change.key });
    },
  };
};

const retryMs = 1000;

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
