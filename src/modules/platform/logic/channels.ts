import { z } from 'zod';

import { type ChannelName, channelNames } from '../domain/notice.ts';
import type { AlertingConfig } from './notices.ts';

export const channelSummary = z.object({
  name: z.enum(channelNames),
  isConfigured: z.boolean(),
  /** The webhook's origin, the addresses; its path may be a secret. */
  target: z.string().nullable(),
});

export const listChannels = ({ webhookUrl, emailTo }: AlertingConfig): z.output<typeof channelSummary>[] => [
  { name: 'log', isConfigured: true, target: null },
  {
    name: 'webhook',
    isConfigured: webhookUrl !== undefined,
    target: webhookUrl === undefined ? null : new URL(webhookUrl).origin,
  },
  { name: 'email', isConfigured: emailTo.length > 0, target: emailTo.length > 0 ? emailTo.join(', ') : null },
];

export const isChannelName = (name: string): name is ChannelName => channelNames.some((channel) => channel === name);
