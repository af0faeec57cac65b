import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { readSettings } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import { settingView, viewSettings } from '../../logic/setting-admin.ts';
import { listSettingRows } from '../../store/settings.ts';

/** @see docs/modules/platform/usecases/get-settings.md */
export const getSettings = ({ kernel: { database }, settings }: PlatformDeps) =>
  userAction({
    operationId: 'get-settings',
    summary: 'List the settings and flags with their values',
    access: 'GET /api/v1/platform/settings',
    actors: ['admin', 'service_acc'],
    permissions: [readSettings.name],
    input: z.object({}),
    output: z.object({ items: z.array(settingView), nextCursor: z.null() }),
    errors: {},

    async execute() {
      return { items: viewSettings(settings, await listSettingRows(database.lanes)), nextCursor: null };
    },
  });
