import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { resetSetting as reset, settingKey } from '../../logic/setting-admin.ts';

/** @see docs/modules/platform/usecases/reset-setting.md */
export const resetSetting = ({ settings }: PlatformDeps) =>
  manualCommand({
    operationId: 'reset-setting',
    summary: 'Let the default of a setting or a flag hold again',
    usage: 'settings reset <key>',
    input: z.object({ key: settingKey.describe('the setting, as `settings list` names it') }),
    output: z.object({ key: z.string(), value: z.unknown() }),
    errors: { SETTING_NOT_FOUND: 'not_found' },
    render: ({ key, value }) => `${key} = ${JSON.stringify(value)}  (default)`,

    async execute(ctx, { key }, fail) {
      const contract = settings.find(key);
      if (contract === null) throw fail('SETTING_NOT_FOUND', { message: `there is no ${key}: see settings list` });
      await ctx.transaction((tx) => reset(ctx, settings, { tx, key }));
      return { key, value: contract.default };
    },
  });
