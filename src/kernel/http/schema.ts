import { z } from 'zod';

/** zod's own union of all definitions, so that `def.type` narrows; every schema that zod makes is one of them. */
const definitionOf = (schema: z.core.$ZodType) => (schema as z.core.$ZodTypes)._zod.def;

/** What stands inside optional, nullable, default and the like; the schema itself if nothing does. */
export const unwrap = (schema: z.core.$ZodType): z.core.$ZodType => {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'catch':
    case 'readonly':
      return unwrap(definition.innerType);
    case 'pipe':
      return unwrap(definition.in);
    default:
      return schema;
  }
};

export const isArraySchema = (schema: z.core.$ZodType): boolean => definitionOf(unwrap(schema)).type === 'array';

/** The fields of an object schema; null for any other. */
export const fieldsOf = (schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | null => {
  const definition = definitionOf(unwrap(schema));
  return definition.type === 'object' ? definition.shape : null;
};

/**
 * The same schema, but objects refuse unknown fields instead of dropping them, at every depth: a misspelt optional field
 * would otherwise be ignored without a word. Objects that say themselves what they do with unknown fields are kept.
 */
export const refuseUnknown = <T extends z.core.$ZodType>(schema: T): T => strictly(schema, new Map());

type Known = Map<z.core.$ZodType, z.core.$ZodType>;

const strictly = <T extends z.core.$ZodType>(schema: T, known: Known): T => {
  const present = known.get(schema) ?? makeStrict(schema, known);
  known.set(schema, present);
  // The clone has the constructor and the type of its source.
  return present as T;
};

const makeStrict = (schema: z.core.$ZodType, known: Known): z.core.$ZodType => {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case 'object':
      return definition.catchall === undefined ? strictObject(schema, definition, known) : schema;
    case 'array':
      return clone(schema, { ...definition, element: strictly(definition.element, known) });
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
      return clone(schema, { ...definition, innerType: strictly(definition.innerType, known) });
    case 'union':
      return clone(schema, {
        ...definition,
        options: definition.options.map((option) => strictly(option, known)),
      });
    default:
      return schema;
  }
};

const clone = (schema: z.core.$ZodType, definition: object): z.core.$ZodType =>
  // The parameter is typed as the definition of this very schema, which is known here only by its `type`.
  z.core.clone(schema, definition as never);

const strictObject = (schema: z.core.$ZodType, definition: z.core.$ZodObjectDef, known: Known): z.core.$ZodType => {
  const { shape } = definition;
  const strictShape: Record<string, z.core.$ZodType> = {};
  const strict = clone(schema, { ...definition, shape: strictShape, catchall: z.never() });
  // Known before its fields are looked at: a schema may contain itself.
  known.set(schema, strict);
  for (const [name, field] of Object.entries(shape)) strictShape[name] = strictly(field, known);
  return strict;
};
