import { z } from 'zod';

import type { ManualCommand } from '../usecase.ts';

export type OptionDescription = {
  /** The field of the input. */
  readonly key: string;
  readonly flag: string;
  readonly isBoolean: boolean;
  readonly isRequired: boolean;
  readonly description: string;
};

export type ArgumentDescription = { readonly key: string; readonly isRequired: boolean; readonly description: string };

/** A command's head as plain data: enough for `--help` and for parsing argv, without loading the command. */
export type CommandDescription = {
  /** `module.operation-id` */
  readonly operation: string;
  /** `['auth', 'create-superuser']` */
  readonly words: readonly string[];
  readonly summary: string;
  readonly arguments: readonly ArgumentDescription[];
  readonly options: readonly OptionDescription[];
  readonly secrets: readonly string[];
  readonly asksToConfirm: boolean;
  /** How far the program starts before it runs. */
  readonly requires: string;
};

type FieldSchema = { readonly type?: string; readonly description?: string };

export const describeCommand = (module: string, head: ManualCommand): CommandDescription => {
  const schema = z.toJSONSchema(head.input, { io: 'input', unrepresentable: 'any' });
  // `as`: JSON Schema also allows `true` and `false` here, which zod does not write for a field.
  const fields = (schema.properties ?? {}) as Readonly<Record<string, FieldSchema>>;
  const required = new Set(schema.required);
  const positionals = head.usage
    .matchAll(/[<[]([a-z-]+)[>\]]/g)
    .map((match) => toCamelCase(match[1] ?? ''))
    .toArray();
  const describe = (key: string) => ({
    key,
    isRequired: required.has(key),
    description: fields[key]?.description ?? '',
  });
  return {
    operation: `${module}.${head.operationId}`,
    words: head.usage.split(' ').filter((word) => /^[a-z]/.test(word)),
    summary: head.summary,
    arguments: positionals.map(describe),
    options: Object.entries(fields)
      .filter(([key]) => !positionals.includes(key))
      .map(([key, field]) => ({
        ...describe(key),
        flag: `--${toKebabCase(key)}`,
        isBoolean: field.type === 'boolean',
      })),
    secrets: Object.keys(head.secrets ?? {}),
    asksToConfirm: head.confirm !== undefined,
    requires: head.requires ?? 'migrations',
  };
};

const toKebabCase = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const toCamelCase = (word: string): string => word.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
