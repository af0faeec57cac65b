import { parse } from 'yaml';
import { z } from 'zod';

import { kernelError } from '#kernel/error.ts';
import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeSetting, readValue, settingKey } from '../../logic/setting-admin.ts';
import { findSettingRow } from '../../store/settings.ts';

/** @see docs/modules/platform/usecases/set-setting.md */
export const setSetting = ({ settings }: PlatformDeps) =>
  manualCommand({
    operationId: 'set-setting',
    summary: 'Set a setting or a flag, for every process',
    usage: 'settings set <key> <value>',
    input: z.object({
      key: settingKey.describe('the setting, as `settings list` names it'),
      value: z.string().max(100_000).describe('as JSON or YAML: 30, true, "{ enabled: true, percentage: 10 }"'),
    }),
    output: z.object({ key: z.string(), value: z.unknown() }),
    errors: { SETTING_NOT_FOUND: 'not_found', VERSION_CONFLICT: 'conflict' },
    render: ({ key, value }) => `${key} = ${JSON.stringify(value)}`,

    async execute(ctx, { key, value: text }, fail) {
      const contract = settings.find(key);
      if (contract === null) throw fail('SETTING_NOT_FOUND', { message: `there is no ${key}: see settings list` });
      const value = readValue(contract, readYaml(text));
      return ctx.transaction(async (tx) => {
        const version = (await findSettingRow(tx, key))?.version ?? 0;
        const changed = await changeSetting(ctx, settings, { tx, key, value, version });
        if (changed === null) throw fail('VERSION_CONFLICT', { message: 'somebody else set it just now: look again' });
        return { key, value };
      });
    },
  });

const readYaml = (text: string): unknown => {
  try {
    return parse(text, { prettyErrors: false });
  } catch (cause) {
    throw kernelError('INPUT_INVALID', { details: { message: 'the value is neither JSON nor YAML' }, cause });
  }
};
