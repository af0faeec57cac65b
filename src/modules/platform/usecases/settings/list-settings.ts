import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { settingView, viewSettings } from '../../logic/setting-admin.ts';
import { listSettingRows } from '../../store/settings.ts';

/** @see docs/modules/platform/usecases/list-settings.md */
export const listSettings = ({ kernel: { database }, settings }: PlatformDeps) =>
  manualCommand({
    operationId: 'list-settings',
    summary: 'List the settings and flags with their values',
    usage: 'settings list',
    input: z.object({}),
    output: z.object({ items: z.array(settingView) }),
    errors: {},
    render: ({ items }) =>
      items
        .map(({ key, value, isOverridden, description, problem }) =>
          [
            `${key} = ${JSON.stringify(value)}${isOverridden ? '' : '  (default)'}`,
            `  ${description}`,
            ...(problem === null ? [] : [`  what was set no longer fits: ${problem}`]),
          ].join('\n'),
        )
        .join('\n') || 'No settings.',

    async execute() {
      return { items: viewSettings(settings, await listSettingRows(database.lanes)) };
    },
  });
