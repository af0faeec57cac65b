type Fields = Record<string, unknown>;

export type Redactor = {
  /** Fields as they may be written: secrets replaced by `[secret]`, errors described, depth and length bounded. Never throws. */
  loggable(fields: Fields): Fields;
  /** A finished line without what looks like a credential, wherever it stands. */
  scrub(line: string): string;
};

const secretAnywhere = /password|passwd|passphrase|secret/;
const secretAtEnd =
  /(?:tokens?|authorization|cookies?|apikey|masterkey|privatekey|signingkey|encryptionkey|credentials?|otp|recoverycodes?)$/;

const mask = '[secret]';
const maxDepth = 6;
const maxItems = 50;
const maxCauses = 5;
const maxFrames = 12;
const maxMessageLength = 2_000;

/** Keys differ by thousands, not by millions: past this many the memory starts anew. */
const maxRememberedKeys = 5_000;

/** What of a foreign error may be shown: no `query`, `parameters`, `detail` or `config`, which carry values. */
const errorFields = [
  'code',
  'kind',
  'syscall',
  'errno',
  'path',
  'address',
  'port',
  'severity',
  'schema_name',
  'table_name',
  'column_name',
  'constraint_name',
  'routine',
] as const;

export const createRedactor = (): Redactor => {
  const isSecret = createKeyCheck();
  const clean = (value: unknown, depth: number): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (value instanceof Error) return describeError(value, 0, (details) => clean(details, depth + 1));
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (depth >= maxDepth) return '[too deep]';
    if (Array.isArray(value)) return value.slice(0, maxItems).map((item) => clean(item, depth + 1));
    if (hasToJson(value)) return clean(value.toJSON(), depth + 1);
    // Whatever else is an object is read as a record of its own fields, as JSON would.
    return cleanFields(value as Fields, depth + 1);
  };
  /** Copies only if something must change: most lines are flat and hold no secret. */
  const cleanFields = (fields: Fields, depth: number): Fields => {
    let copy: Fields | null = null;
    for (const key of Object.keys(fields)) {
      const value = fields[key];
      const shown = isSecret(key) && isTelling(value) ? mask : clean(value, depth);
      if (shown === value) continue;
      copy ??= { ...fields };
      copy[key] = shown;
    }
    return copy ?? fields;
  };
  return {
    loggable: (fields) => {
      try {
        return cleanFields(fields, 0);
      } catch (cause) {
        return { unloggable: cause instanceof Error ? cause.message : 'a field that cannot be read' };
      }
    },
    scrub,
  };
};

const createKeyCheck = (): ((key: string) => boolean) => {
  const known = new Map<string, boolean>();
  return (key) => {
    const remembered = known.get(key);
    if (remembered !== undefined) return remembered;
    const name = key.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    const secret = secretAnywhere.test(name) || secretAtEnd.test(name);
    if (known.size >= maxRememberedKeys) known.clear();
    known.set(key, secret);
    return secret;
  };
};

/** `hasPassword: true` tells nothing that must be hidden. */
const isTelling = (value: unknown): boolean => value !== null && value !== undefined && typeof value !== 'boolean';

const hasToJson = (value: object): value is { toJSON(): unknown } =>
  'toJSON' in value && typeof value.toJSON === 'function';

const describeError = (error: Error, causes: number, clean: (details: unknown) => unknown): Fields => {
  const shown: Fields = { type: error.name, message: error.message.slice(0, maxMessageLength) };
  const source: object = error;
  for (const field of errorFields) {
    if (field in source) shown[field] = Reflect.get(source, field);
  }
  if ('details' in source) shown['details'] = clean(source.details);
  shown['stack'] = framesOf(error);
  if (error instanceof AggregateError && causes < maxCauses) {
    shown['errors'] = error.errors.slice(0, 3).map((one) => describeCause(one, maxCauses, clean));
  }
  if (error.cause !== undefined && error.cause !== null) shown['cause'] = describeCause(error.cause, causes + 1, clean);
  return shown;
};

const describeCause = (cause: unknown, causes: number, clean: (details: unknown) => unknown): unknown => {
  if (!(cause instanceof Error)) return clean(cause);
  return causes > maxCauses ? `${cause.name}: and so on` : describeError(cause, causes, clean);
};

/** Frames alone: the stack's first lines repeat the message. */
const framesOf = (error: Error): string =>
  (error.stack ?? '')
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .slice(0, maxFrames)
    .map((line) => line.trim())
    .join('\n');

/** The user's part of a URL, `scheme://name:password@`; bounded, so that no line can make the search slow. */
const urlCredentials = /:\/\/[^\s:@/"]{0,256}:[^\s"@]{1,256}@/g;
const bearer = /\b(Bearer|Basic) +[\w.~+/=-]{16,}/g;
const jsonWebToken = /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g;
/** Drizzle puts the values of a failed query behind its text. */
const queryParameters = /\\nparams: (?:[^"\\]|\\.)*/g;
const suspicious = /:\/\/|Bearer |Basic |eyJ|\\nparams: /;

const scrub = (line: string): string =>
  suspicious.test(line)
    ? line
        .replaceAll(urlCredentials, `://${mask}@`)
        .replaceAll(bearer, `$1 ${mask}`)
        .replaceAll(jsonWebToken, mask)
        .replaceAll(queryParameters, `\\nparams: ${mask}`)
    : line;
