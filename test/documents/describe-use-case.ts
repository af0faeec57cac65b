import { z } from 'zod';

import type { Rate } from '#kernel/limits/rate.ts';
import { isStreamOutput } from '#kernel/stream-output.ts';
import type { ManualCommand, UseCase, UserAction } from '#kernel/usecase.ts';

/** What the code says of a use case, in the words of its page. */
export type Description = {
  readonly header: ReadonlyMap<string, string>;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly errors: readonly string[];
};

export const describeUseCase = (usecase: UseCase): Description => ({
  header: new Map([['type', usecase.type], ['operation-id', usecase.operationId], ...headerOf(usecase)]),
  ...bodyOf(usecase),
});

const headerOf = (usecase: UseCase): readonly (readonly [string, string])[] => {
  switch (usecase.type) {
    case 'user_action':
      return [
        ['access', usecase.access],
        ['actor', usecase.actors === 'anonymous' ? 'anonymous' : usecase.actors.toSorted().join(', ')],
        ['permissions', usecase.permissions.toSorted().join(', ') || 'none'],
        ...(usecase.rate ? [['rate', inWords(usecase.rate)] as const] : []),
      ];
    case 'event_subscriber':
      return [['event', usecase.event.name]];
    case 'async_task':
      return [['schedule', usecase.schedule?.cron ?? 'none']];
    case 'manual_command':
      return [['usage', usecase.usage]];
    default:
      return usecase satisfies never;
  }
};

const inWords = ({ key, limit, perSeconds, burst }: Rate): string =>
  `${limit} in ${perSeconds} s by ${typeof key === 'string' ? key : key.field} and ${burst} at once`;

const bodyOf = (usecase: UseCase): Omit<Description, 'header'> => {
  switch (usecase.type) {
    case 'user_action':
    case 'manual_command': {
      const secrets = usecase.type === 'manual_command' ? Object.keys(usecase.secrets ?? {}) : [];
      return {
        input: [...fieldsOf(usecase.input, 'input'), ...secrets.map((name) => `${name} (secret)`)],
        output: outputOf(usecase),
        errors: Object.entries(usecase.errors).map(([code, kind]) => `${code} (${kind})`),
      };
    }
    case 'event_subscriber':
      return { input: fieldsOf(usecase.event.payload, 'input'), output: [], errors: [] };
    case 'async_task':
      return { input: fieldsOf(usecase.payload, 'input'), output: [], errors: [] };
    default:
      return usecase satisfies never;
  }
};

/** Of a stream nothing is known but that it is one. */
const outputOf = ({ output }: UserAction | ManualCommand): readonly string[] => {
  if (output === null) return [];
  return isStreamOutput(output) ? ['stream'] : fieldsOf(output, 'output');
};

const jsonSchema = z.object({
  properties: z.record(z.string(), z.unknown()).default({}),
  required: z.array(z.string()).default([]),
  anyOf: z.array(z.unknown()).default([]),
  oneOf: z.array(z.unknown()).default([]),
  allOf: z.array(z.unknown()).default([]),
  items: z.unknown().optional(),
});

/** The top-level fields; of a list or of alternatives, those of what it is made of. */
const fieldsOf = (schema: z.ZodType, io: 'input' | 'output'): readonly string[] => [
  ...new Set(fieldsIn(z.toJSONSchema(schema, { io, unrepresentable: 'any' }))),
];

const fieldsIn = (json: unknown): readonly string[] => {
  const { properties, required, anyOf, oneOf, allOf, items } = jsonSchema.parse(json);
  const own = Object.keys(properties).map((name) => (required.includes(name) ? name : `${name} (optional)`));
  const parts = [...anyOf, ...oneOf, ...allOf, ...(items === undefined ? [] : [items])];
  return [...own, ...parts.flatMap(fieldsIn)];
};
