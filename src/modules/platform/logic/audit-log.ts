import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { z } from 'zod';

import type { Kernel } from '#kernel/kernel.ts';
import type { auditEvent, auditFilter, VerificationOutput } from './audit-shapes.ts';

type Audit = Kernel['audit'];
type Filter = z.output<z.ZodObject<typeof auditFilter>>;
type Place = { readonly beforeAt: string | null; readonly beforeId: string | null; readonly limit: number };

export const listAuditBy = async (
  audit: Audit,
  filter: Filter,
  place: Place,
): Promise<z.output<typeof auditEvent>[]> => {
  const { actor = null, operation = null, subject = null, outcome = null, from, to } = filter;
  const times = { from: from === undefined ? null : new Date(from), to: to === undefined ? null : new Date(to) };
  const events = await audit.list({ actor, operation, subject, outcome, ...times }, place);
  return events.map(({ before, after, xid: _xid, ...event }) => ({
    ...event,
    before: before === null ? null : JSON.parse(before),
    after: after === null ? null : JSON.parse(after),
  }));
};

/** The arrays are the kernel's own, which an output may not take as they are. */
export const toOutput = ({
  keys,
  absentMonths,
  findings,
  ...verified
}: Awaited<ReturnType<Audit['verify']>>): VerificationOutput => ({
  ...verified,
  keys: [...keys],
  absentMonths: [...absentMonths],
  findings: [...findings],
});

export const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => null))?.isFile() === true;

/** Opened when somebody reads: lines that come before that are lost. */
export async function* readLines(path: string): AsyncGenerator<string> {
  await using file = await open(path, 'r');
  yield* file.readLines();
}

/** Makes the file, which must not be there; only its owner may read it. False: it is there. Answers the number of bytes. */
export const writeNewFile = async (path: string, chunks: AsyncIterable<string>): Promise<number | null> => {
  if ((await stat(path).catch(() => null)) !== null) return null;
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true });
  await pipeline(chunks, file);
  return file.bytesWritten;
};
