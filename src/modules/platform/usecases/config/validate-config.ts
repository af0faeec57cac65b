import { z } from 'zod';

import { manualCommand } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';

/** @see docs/modules/platform/usecases/validate-config.md */
export const validateConfig = ({ installation: { describeConfig } }: PlatformDeps) =>
  manualCommand({
    operationId: 'validate-config',
    summary: 'Check the configuration and name every problem at once',
    usage: 'config validate',
    requires: 'config',
    input: z.object({}),
    output: z.object({ isValid: z.literal(true), settings: z.int() }),
    errors: {},
    render: ({ settings }) => `The configuration is valid: ${settings} settings.`,

    // A configuration with problems stops every command before it runs, with all of them named.
    execute: () => Promise.resolve({ isValid: true as const, settings: describeConfig().length }),
  });
