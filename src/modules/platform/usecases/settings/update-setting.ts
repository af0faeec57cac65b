import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageSettings } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { changeSetting, readValue, settingKey } from '../../logic/setting-admin.ts';

/** @see docs/modules/platform/usecases/update-setting.md */
export const updateSetting = ({ settings }: PlatformDeps) =>
  userAction({
    operationId: 'update-setting',
    summary: 'Set a setting or a flag, for every process',
    access: 'PUT /api/v1/platform/settings/{key}',
    actors: ['admin', 'service_acc'],
    permissions: [manageSettings.name],
    input: z.object({
      key: settingKey,
      value: z.unknown().refine((value) => value !== undefined, 'is required'),
      version: z
        .int()
        .min(0)
        .max(2 ** 31 - 1),
    }),
    output: z.object({ version: z.int() }),
    errors: { SETTING_NOT_FOUND: 'not_found', VERSION_CONFLICT: 'conflict' },

    async execute(ctx, { key, value: given, version }, fail) {
      const contract = settings.find(key);
      if (contract === null) throw fail('SETTING_NOT_FOUND');
      const value = readValue(contract, given);
      return ctx.transaction(async (tx) => {
        const changed = await changeSetting(ctx, settings, { tx, key, value, version });
        if (changed === null) throw fail('VERSION_CONFLICT');
        return { version: changed };
      });
    },
  });
