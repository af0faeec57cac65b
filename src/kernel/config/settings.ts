import { z } from 'zod';

import { secretMinLength } from './secret.ts';

/** One leaf of the schema: what a layer may set as a whole. */
export type Setting = {
  /** `logger.rotation.keep` */
  readonly path: string;
  /** `ASHLAR_LOGGER__ROTATION__KEEP` */
  readonly variable: string;
  /** How text from outside of YAML becomes a value: kept as it is, read as a YAML value, or split into a list. */
  readonly reads: 'text' | 'value' | 'texts' | 'values';
  /** Null unless the setting is a secret; then its least length under staging and production. */
  readonly secretMinLength: number | null;
};

export type Settings = {
  /** In the order of the schema. */
  readonly byPath: ReadonlyMap<string, Setting>;
  readonly byVariable: ReadonlyMap<string, Setting>;
  /** Paths that hold other settings; the root is `''`. */
  readonly sections: ReadonlySet<string>;
};

/** The settings of a schema. Objects are sections; everything else (lists and records too) is one setting. */
export const listSettings = (schema: z.ZodObject): Settings => {
  const byPath = new Map<string, Setting>();
  const sections = new Set<string>();
  collect(schema, '', { byPath, sections });
  const byVariable = new Map(byPath.values().map((setting) => [setting.variable, setting]));
  return { byPath, byVariable, sections };
};

type Found = { readonly byPath: Map<string, Setting>; readonly sections: Set<string> };

const collect = (schema: z.core.$ZodType, path: string, found: Found): void => {
  const { inner, minLength } = unwrap(schema);
  if (inner instanceof z.ZodObject && minLength === null) {
    found.sections.add(path);
    for (const [key, child] of Object.entries(inner.shape)) collect(child, joinPath(path, key), found);
    return;
  }
  found.byPath.set(path, { path, variable: toVariable(path), reads: howToRead(inner), secretMinLength: minLength });
};

type Unwrapped = { readonly inner: z.core.$ZodType; readonly minLength: number | null };

/** The schema inside of its optional and default wrappers; a mark on any of them counts. */
const unwrap = (schema: z.core.$ZodType): Unwrapped => {
  const minLength = schema instanceof z.ZodType ? secretMinLength(schema) : null;
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    const below = unwrap(schema.unwrap());
    return { inner: below.inner, minLength: minLength ?? below.minLength };
  }
  return { inner: schema, minLength };
};

const isText = (schema: z.core.$ZodType): boolean =>
  schema instanceof z.ZodString || schema instanceof z.ZodStringFormat || schema instanceof z.ZodEnum;

const howToRead = (schema: z.core.$ZodType): Setting['reads'] => {
  if (schema instanceof z.ZodArray) return isText(unwrap(schema.element).inner) ? 'texts' : 'values';
  return isText(schema) ? 'text' : 'value';
};

export const joinPath = (section: string, key: string): string => (section === '' ? key : `${section}.${key}`);

export const variablePrefix = 'ASHLAR_';

/** `http.metricsPort` is `ASHLAR_HTTP__METRICS_PORT`; a unit stays one word (`memoryKiB`: `MEMORY_KIB`). */
const toVariable = (path: string): string =>
  variablePrefix +
  path
    .split('.')
    .map((key) => key.replaceAll(/(?<=[a-z0-9])[A-Z](?=[a-z])/g, '_$&').toUpperCase())
    .join('__');
