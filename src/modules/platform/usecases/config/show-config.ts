import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/show-config.md */
export const showConfig = ({ installation: { describeConfig } }: PlatformDeps) =>
  manualCommand({
    operationId: 'show-config',
    summary: 'Show every setting in force and where it comes from',
    usage: 'config show',
    requires: 'config',
    input: z.object({}),
    output: z.object({ settings: z.array(z.object({ path: z.string(), value: z.unknown(), origin: z.string() })) }),
    errors: {},
    render: ({ settings }) =>
      settings.map(({ path, value, origin }) => `${path} = ${JSON.stringify(value)}  (${origin})`).join('\n'),

    execute: () => Promise.resolve({ settings: [...describeConfig()] }),
  });
