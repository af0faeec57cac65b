import { userAction } from '#kernel/usecase.ts';
import { manageSettings } from '#portals/platform.ts';
import { z } from 'zod';
import type { PlatformDeps } from '../../deps.ts';
import { resetSetting, settingKey } from '../../logic/setting-admin.ts';

/** @see docs/modules/platform/usecases/delete-setting.md */
export const deleteSetting = ({ settings }: PlatformDeps) =>
  userAction({
    operationId: 'delete-setting',
    summary: 'Let the default of a setting or a flag hold again',
    access: 'DELETE /api/v1/platform/settings/{key}',
    actors: ['admin', 'service_acc'],
    permissions: [manageSettings.name],
    input: z.object({ key: settingKey }),
    output: null,
    errors: { SETTING_NOT_FOUND: 'not_found' },

    async execute(ctx, { key }, fail) {
      if (settings.find(key) === null) throw fail('SETTING_NOT_FOUND');
      await ctx.transaction((tx) => resetSetting(ctx, settings, { tx, key }));
    },
  });
