import { kernelError } from '../error.ts';
import type { SealedTable } from '../secrets/sealed-table.ts';
import type { Secrets } from '../secrets/secrets.ts';

/** An answer as it is kept for a day. */
export type KeptAnswer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
};

/** One of the two, once there is an answer. */
type Packed = { readonly answer: Uint8Array | null; readonly sealedAnswer: Uint8Array | null };

export const sealedAnswerTable: SealedTable = {
  table: 'kernel.idempotency_keys',
  column: 'sealed_answer',
  id: 'epoch',
  version: 1,
};

/** No two reservations have the same epoch: a sealed answer opens only in its own row. */
const placeOf = (epoch: string) => ({ table: sealedAnswerTable.table, id: epoch, version: 1 });

type Pack = { readonly epoch: string; readonly isSecret: boolean; readonly answer: KeptAnswer };

export const packAnswer = (secrets: Pick<Secrets, 'seal'>, { epoch, isSecret, answer }: Pack): Packed => {
  const json = Buffer.from(JSON.stringify(answer));
  return isSecret
    ? { answer: null, sealedAnswer: secrets.seal(json, placeOf(epoch)) }
    : { answer: json, sealedAnswer: null };
};

/** Null: there is no answer yet. Throws INTERNAL if it was changed, or sealed with a master key that nobody has any more. */
export const unpackAnswer = (
  secrets: Pick<Secrets, 'open'>,
  { epoch, answer, sealedAnswer }: Packed & { readonly epoch: string },
): KeptAnswer | null => {
  try {
    const json = sealedAnswer === null ? answer : secrets.open(sealedAnswer, placeOf(epoch));
    return json === null ? null : JSON.parse(Buffer.from(json).toString());
  } catch (cause) {
    throw kernelError('INTERNAL', { cause });
  }
};
