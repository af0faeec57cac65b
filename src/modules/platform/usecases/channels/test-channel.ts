import { z } from 'zod';

import { userAction } from '#kernel/usecase.ts';
import { manageErrors } from '#portals/platform.ts';
import type { PlatformDeps } from '../../deps.ts';
import type { Notice } from '../../domain/notice.ts';
import { isChannelName } from '../../logic/channels.ts';

const title = 'A test of this channel';
const text = 'Somebody asked whether notices arrive here. They do.';

/** @see docs/modules/platform/usecases/test-channel.md */
export const testChannel = ({ kernel: { now }, notices }: PlatformDeps) =>
  userAction({
    operationId: 'test-channel',
    summary: 'Send a notice over one channel, to see whether it arrives',
    access: 'POST /api/v1/platform/channels/{name}/test',
    actors: ['admin', 'service_acc'],
    permissions: [manageErrors.name],
    input: z.object({ name: z.string().min(1).max(100) }),
    output: z.object({ taskId: z.uuid().nullable() }),
    status: 202,
    errors: { CHANNEL_NOT_FOUND: 'not_found', CHANNEL_NOT_CONFIGURED: 'conflict' },

    async execute(ctx, { name }, fail) {
      if (!isChannelName(name)) throw fail('CHANNEL_NOT_FOUND');
      if (!notices.isConfigured(name)) throw fail('CHANNEL_NOT_CONFIGURED');
      const notice: Notice = { kind: 'test', title, text, at: now().toISOString(), facts: {} };
      return ctx.transaction(async (tx) => {
        const taskId = await notices.sendOver(tx, name, notice);
        await ctx.audit(tx, { subject: `channel:${name}`, after: { taskId } });
        return { taskId };
      });
    },
  });
