import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import { webhookKeyOf } from '../../clients/webhook.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/show-webhook-key.md */
export const showWebhookKey = ({ kernel, alerting }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-webhook-key',
    summary: 'Show the key that webhooks are signed with',
    usage: 'channels key',
    input: z.object({}),
    output: z.object({ key: z.string() }),
    errors: { KEY_IS_CONFIGURED: 'conflict' },
    render: ({ key }) => key,

    async execute(_ctx, _input, fail) {
      if (alerting.webhookSecret !== undefined) {
        throw fail('KEY_IS_CONFIGURED', { message: 'alerting.webhookSecret is the key: whoever set it knows it' });
      }
      return Promise.resolve({ key: webhookKeyOf(kernel, alerting) });
    },
  });
