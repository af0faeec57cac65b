import { and, desc, eq, inArray, lt, ne } from 'drizzle-orm';

import { isoText } from '#kernel/database/columns.ts';
import type { Db, Tx } from '#kernel/database/database.ts';
import type { AlertLevel, AlertState } from '../domain/thresholds.ts';
import { alerts } from '../schema.ts';

type AlertFilter = {
  readonly state?: AlertState | undefined;
  readonly level?: AlertLevel | undefined;
  readonly before: string | null;
  readonly limit: number;
};

/** Newest first. */
export const listAlerts = (db: Db, { state, level, before, limit }: AlertFilter) =>
  db
    .select({
      id: alerts.id,
      key: alerts.key,
      signal: alerts.signal,
      level: alerts.level,
      state: alerts.state,
      value: alerts.value,
      subject: alerts.subject,
      raisedAt: isoText(alerts.raisedAt),
      changedAt: isoText(alerts.changedAt),
      acknowledgedAt: isoText(alerts.acknowledgedAt),
      acknowledgedBy: alerts.acknowledgedBy,
      resolvedAt: isoText(alerts.resolvedAt),
    })
    .from(alerts)
    .where(
      and(
        state === undefined ? undefined : eq(alerts.state, state),
        level === undefined ? undefined : eq(alerts.level, level),
        before === null ? undefined : lt(alerts.id, before),
      ),
    )
    .orderBy(desc(alerts.id))
    .limit(limit);

type NewAlert = Required<
  Pick<typeof alerts.$inferInsert, 'id' | 'key' | 'signal' | 'level' | 'value' | 'subject' | 'raisedAt' | 'changedAt'>
>;

/** False if there is one for this key that is not resolved. */
export const insertAlert = async (tx: Tx, alert: NewAlert): Promise<boolean> => {
  const inserted = await tx.insert(alerts).values(alert).onConflictDoNothing().returning({ id: alerts.id });
  return inserted.length > 0;
};

const open = {
  id: alerts.id,
  key: alerts.key,
  signal: alerts.signal,
  level: alerts.level,
  value: alerts.value,
  subject: alerts.subject,
};

/** The one for this key that is not resolved; nobody changes it until the transaction ends. */
export const lockOpenAlert = async (tx: Tx, key: string) => {
  const [row] = await tx
    .select(open)
    .from(alerts)
    .where(and(eq(alerts.key, key), ne(alerts.state, 'resolved')))
    .for('update');
  return row ?? null;
};

/** Those of these keys that are not resolved, likewise. */
export const lockOpenAlerts = (tx: Tx, keys: readonly string[]) =>
  tx
    .select({ key: alerts.key, level: alerts.level })
    .from(alerts)
    .where(and(inArray(alerts.key, [...keys]), ne(alerts.state, 'resolved')))
    .orderBy(alerts.key)
    .for('update');

export const lockAlertState = async (tx: Tx, id: string): Promise<AlertState | null> => {
  const [row] = await tx.select({ state: alerts.state }).from(alerts).where(eq(alerts.id, id)).for('update');
  return row?.state ?? null;
};

type AlertChange = Partial<
  Pick<
    typeof alerts.$inferInsert,
    | 'level'
    | 'state'
    | 'value'
    | 'subject'
    | 'changedAt'
    | 'acknowledgedAt'
    | 'acknowledgedBy'
    | 'resolvedAt'
    | 'notifiedAt'
  >
>;

export const updateAlert = async (tx: Tx, id: string, change: AlertChange): Promise<void> => {
  await tx.update(alerts).set(change).where(eq(alerts.id, id));
};

/** A batch of those resolved before; answers how many. */
export const deleteAlertsResolvedBefore = async (tx: Tx, before: Date, limit: number): Promise<number> => {
  const old = tx.select({ id: alerts.id }).from(alerts).where(lt(alerts.resolvedAt, before)).limit(limit);
  const gone = await tx.delete(alerts).where(inArray(alerts.id, old)).returning({ id: alerts.id });
  return gone.length;
};
