import { AppError, type ErrorKind } from '../../error.ts';

/** Every way in which the embedded database refuses or fails. `conflict` is a refused precondition: exit code 3. */
const embeddedErrors = {
  /** Another machine or container uses the directory, or its holder does not let go. */
  EMBEDDED_DATABASE_BUSY: 'conflict',
  /** The data was written by another major version of PostgreSQL, or is no data of PostgreSQL. */
  EMBEDDED_DATABASE_INCOMPATIBLE: 'conflict',
  /** No account of the operating system may run PostgreSQL here. */
  EMBEDDED_DATABASE_USER: 'conflict',
  /** The directory cannot be used: no permission, read-only, full, or out of reach of the account. */
  EMBEDDED_DATABASE_DIRECTORY: 'conflict',
  /** The platform package with the server is not installed, or has no build for this platform. */
  EMBEDDED_DATABASE_MISSING: 'conflict',
  EMBEDDED_DATABASE_PORT_TAKEN: 'conflict',
  EMBEDDED_DATABASE_FAILED: 'unavailable',
} as const satisfies Record<string, ErrorKind>;

type EmbeddedErrorCode = keyof typeof embeddedErrors;

/** The message is one sentence for an operator: what was attempted, on what, what to do. */
export const embeddedError = (code: EmbeddedErrorCode, message: string, cause?: unknown): AppError =>
  new AppError(code, { kind: embeddedErrors[code], details: { message }, cause });

/** The system's code (`ENOENT`, …) of whatever was thrown, else null. */
export const systemCode = (thrown: unknown): string | null =>
  thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : null;

const directoryRemedies: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and start again',
  EDQUOT: 'the disk quota is used up: free some space and start again',
  ENOENT: 'it cannot be made there: point the data directory at a place that exists and can be written',
  EROFS: 'the file system is read-only: point the data directory at a writable one',
  EACCES:
    'permission denied: give the directory to the account that runs Ashlar (chown -R), or run Ashlar as its owner',
  EPERM: 'permission denied: give the directory to the account that runs Ashlar (chown -R), or run Ashlar as its owner',
  ENOTDIR: 'a part of this path is a file: point the data directory elsewhere',
};

/** Names the directory and the remedy if the file system was the reason; what is an AppError already stays as it is. */
export const explainFailure = (thrown: unknown, directory: string): AppError => {
  if (thrown instanceof AppError) return thrown;
  const remedy = directoryRemedies[systemCode(thrown) ?? ''];
  if (remedy !== undefined) {
    return embeddedError(
      'EMBEDDED_DATABASE_DIRECTORY',
      `cannot use the data directory ${directory}: ${remedy}`,
      thrown,
    );
  }
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return embeddedError('EMBEDDED_DATABASE_FAILED', `cannot run the database in ${directory}: ${reason}`, thrown);
};

/** The same for what a program of PostgreSQL printed. */
export const explainOutput = (attempt: string, output: string, directory: string): AppError => {
  for (const [sign, code] of outputSigns) {
    if (!output.includes(sign)) continue;
    return embeddedError(
      'EMBEDDED_DATABASE_DIRECTORY',
      `${attempt} failed in ${directory}: ${directoryRemedies[code] ?? sign}`,
      new Error(output),
    );
  }
  const reason = mainComplaint(output);
  return embeddedError('EMBEDDED_DATABASE_FAILED', `${attempt} failed in ${directory}: ${reason}`, new Error(output));
};

const outputSigns = [
  ['No space left on device', 'ENOSPC'],
  ['Check free disk space', 'ENOSPC'],
  ['Disk quota exceeded', 'EDQUOT'],
  ['Read-only file system', 'EROFS'],
  ['Permission denied', 'EACCES'],
] as const;

const mainComplaint = (output: string): string => {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const complaint = lines.find((line) => /\b(FATAL|PANIC|ERROR|error):/.test(line)) ?? lines.at(-1);
  return complaint?.trim() ?? 'it ended without a word';
};
