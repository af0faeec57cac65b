import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { link, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { promisify } from 'node:util';

import { z } from 'zod';

import { embeddedError, systemCode } from './embedded-error.ts';
import { poll } from './poll.ts';
import { isRunning, readProcess } from './processes.ts';

const claimSchema = z.object({
  /** Names this one claim: a process may make several. */
  id: z.string(),
  host: z.string(),
  bootId: z.string(),
  pidNamespace: z.string(),
  pid: z.int(),
  startTime: z.string(),
});

/**
 * A file that says which process uses something. In the same boot and pid namespace the process itself is looked up;
 * from elsewhere (another machine, another container) it cannot be, so that the file must be touched to count.
 */
export type Claim = Readonly<z.infer<typeof claimSchema>>;

type ClaimState =
  | { readonly kind: 'vacant' }
  /** Its process ended, or nobody touched it for long: it may be removed. */
  | { readonly kind: 'dead'; readonly claim: Claim | null }
  /** `claim` is null for a file that cannot be read as a claim but was written just now. */
  | { readonly kind: 'live'; readonly claim: Claim | null }
  | { readonly kind: 'elsewhere'; readonly claim: Claim };

const touchEveryMs = 2000;
/** Three touches missed. */
const staleAfterMs = 3 * touchEveryMs;

/** A new claim of this process. */
export const createClaim = async (): Promise<Claim> => {
  const self = await readProcess(process.pid);
  const [bootId, pidNamespace] = await Promise.all([readBootId(), readPidNamespace()]);
  const startTime = self?.startTime ?? '';
  return { id: randomUUID(), host: hostname(), bootId, pidNamespace, pid: process.pid, startTime };
};

const readBootId = async (): Promise<string> => {
  if (process.platform === 'linux') return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  return (await promisify(execFile)('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])).stdout.trim();
};

const readPidNamespace = (): Promise<string> =>
  process.platform === 'linux' ? readlink('/proc/self/ns/pid') : Promise.resolve('none');

/** Writes the claim if the path is free, whole or not at all; false if it is taken. */
export const placeClaim = async (path: string, claim: Claim): Promise<boolean> => {
  const draft = `${path}.${claim.id}.tmp`;
  try {
    await writeFile(draft, JSON.stringify(claim), { flag: 'wx', mode: 0o644 });
    await link(draft, path);
    return true;
  } catch (thrown) {
    if (systemCode(thrown) === 'EEXIST') return false;
    throw thrown;
  } finally {
    await rm(draft, { force: true });
  }
};

export const judgeClaim = async (path: string, self: Claim): Promise<ClaimState> => {
  const file = await readClaimFile(path);
  if (file === null) return { kind: 'vacant' };
  const { claim, ageMs } = file;
  const isFresh = Math.abs(ageMs) < staleAfterMs;
  if (claim === null) return { kind: isFresh ? 'live' : 'dead', claim };
  if (claim.bootId !== self.bootId || claim.pidNamespace !== self.pidNamespace) {
    return isFresh ? { kind: 'elsewhere', claim } : { kind: 'dead', claim };
  }
  return { kind: (await isRunning(claim)) ? 'live' : 'dead', claim };
};

const readClaimFile = async (path: string): Promise<{ claim: Claim | null; ageMs: number } | null> => {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
    return { claim: parseClaim(text), ageMs: Date.now() - mtimeMs };
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
};

const parseClaim = (text: string): Claim | null => {
  try {
    return claimSchema.parse(JSON.parse(text));
  } catch {
    return null; // anything may stand in a file: what is no claim counts by its age alone
  }
};

/**
 * Removes a dead claim. Two processes may find it dead at once and the slower must not remove the claim that the faster
 * has placed meanwhile: so it is moved away, looked at, and put back if it is not the dead one.
 */
export const removeDeadClaim = async (path: string, dead: Claim | null): Promise<void> => {
  const aside = `${path}.${randomUUID()}.tmp`;
  try {
    await rename(path, aside);
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return;
    throw thrown;
  }
  const moved = (await readClaimFile(aside))?.claim ?? null;
  if (moved !== null && moved.id !== dead?.id) await placeClaim(path, moved);
  await rm(aside, { force: true });
};

/** Removes our own claim; leaves what another has put in its place. */
export const withdrawClaim = async (path: string, claim: Claim): Promise<void> => {
  const file = await readClaimFile(path);
  if (file?.claim?.id === claim.id) await rm(path, { force: true });
};

/** Keeps a claim fresh until the returned function is called; places it anew if it vanished. */
export const keepFresh = (path: string, claim: Claim, onError: (error: unknown) => void): (() => void) => {
  const touch = async (): Promise<void> => {
    const now = new Date();
    await utimes(path, now, now).catch((thrown: unknown) => {
      if (systemCode(thrown) !== 'ENOENT') throw thrown;
      return placeClaim(path, claim);
    });
  };
  const timer = setInterval(() => void touch().catch(onError), touchEveryMs).unref();
  return () => clearInterval(timer);
};

/**
 * Throws EMBEDDED_DATABASE_BUSY if a claim from elsewhere is alive: if it is touched while we watch. One whose container
 * was killed a moment ago goes stale within six seconds, and costs the wait instead of a refusal.
 */
export const refuseIfTouched = async (path: string, claim: Claim, directory: string): Promise<void> => {
  const before = await modifiedAt(path);
  const after = await poll(async () => different(await modifiedAt(path), before), {
    everyMs: 100,
    deadlineMs: staleAfterMs,
  });
  if (after === null || after.at === null) return;
  throw embeddedError(
    'EMBEDDED_DATABASE_BUSY',
    `the data directory ${directory} is in use by process ${claim.pid} on ${claim.host} (another machine or container): ` +
      'stop it there, or give this one a data directory of its own',
  );
};

const modifiedAt = async (path: string): Promise<number | null> => {
  try {
    return (await stat(path)).mtimeMs;
  } catch (thrown) {
    if (systemCode(thrown) === 'ENOENT') return null;
    throw thrown;
  }
};

const different = (now: number | null, before: number | null): { at: number | null } | null =>
  now === before ? null : { at: now };
