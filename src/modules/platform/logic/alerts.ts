import type { Tx } from '#kernel/database/database.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { newId } from '#kernel/ids.ts';
import { alertRaised, alertResolved } from '#portals/platform.ts';
import type { Notice } from '../domain/notice.ts';
import { type AlertLevel, isHigher } from '../domain/thresholds.ts';
import { insertAlert, lockOpenAlert, lockOpenAlerts, updateAlert } from '../store/alerts.ts';
import type { Notices } from './notices.ts';

/** What is wrong, and how much. */
export type Finding = {
  /** What it is about: there is at most one open alert for it. */
  readonly key: string;
  readonly signal: string;
  readonly level: AlertLevel;
  readonly value: number;
  /** A sentence for an operator. */
  readonly subject: string;
};

export type Alerts = {
  /** Raises an alert, or brings the open one for the key up to date. Somebody is told when its level rises. */
  raise(tx: Tx, finding: Finding): Promise<void>;
  /** Resolves the open one for the key, if there is one. */
  resolve(tx: Tx, key: string, value: number | null): Promise<void>;
  /** The levels of those that are open, by key. Nobody changes them until the transaction ends. */
  levelsOf(tx: Tx, keys: readonly string[]): Promise<ReadonlyMap<string, AlertLevel>>;
};

type AlertsDeps = { readonly kernel: Pick<Kernel, 'now' | 'events'>; readonly notices: Notices };

export const createAlerts = (deps: AlertsDeps): Alerts => ({
  raise: (tx, finding) => raise(deps, tx, finding),
  resolve: (tx, key, value) => resolve(deps, tx, { key, value }),
  levelsOf: async (tx, keys) => new Map((await lockOpenAlerts(tx, keys)).map(({ key, level }) => [key, level])),
});

const raise = async (deps: AlertsDeps, tx: Tx, finding: Finding): Promise<void> => {
  const at = deps.kernel.now();
  const id = newId();
  if (await insertAlert(tx, { ...finding, id, raisedAt: at, changedAt: at })) {
    return tell(deps, tx, { kind: 'alert_raised', id, finding, at });
  }
  const open = await lockOpenAlert(tx, finding.key);
  // It was resolved meanwhile: whoever finds the same again raises it again.
  if (open === null) return undefined;
  const { level, value, subject } = finding;
  const isWorse = isHigher(level, open.level);
  await updateAlert(tx, open.id, {
    level,
    value,
    subject,
    ...(level !== open.level && { changedAt: at }),
    // Who knew of a warning does not know of this.
    ...(isWorse && { state: 'active', acknowledgedAt: null, acknowledgedBy: null }),
  });
  return isWorse ? tell(deps, tx, { kind: 'alert_raised', id: open.id, finding, at }) : undefined;
};

const resolve = async (
  deps: AlertsDeps,
  tx: Tx,
  { key, value }: { readonly key: string; readonly value: number | null },
): Promise<void> => {
  const open = await lockOpenAlert(tx, key);
  if (open === null) return;
  const at = deps.kernel.now();
  const last = value ?? open.value;
  await updateAlert(tx, open.id, { state: 'resolved', resolvedAt: at, value: last });
  const finding = { ...open, value: last };
  await tell(deps, tx, { kind: 'alert_resolved', id: open.id, finding, at });
};

type News = {
  readonly kind: 'alert_raised' | 'alert_resolved';
  readonly id: string;
  readonly finding: Finding;
  readonly at: Date;
};

const tell = async ({ kernel: { events }, notices }: AlertsDeps, tx: Tx, news: News): Promise<void> => {
  const { signal, level, value } = news.finding;
  const event = news.kind === 'alert_raised' ? alertRaised : alertResolved;
  await events.publish(tx, event, { alertId: news.id, signal, level, value }, { key: news.id });
  if ((await notices.room(tx)) === 0) return;
  await updateAlert(tx, news.id, { notifiedAt: news.at });
  await notices.send(tx, toNotice(news));
};

const toNotice = ({ kind, id: alertId, finding, at }: News): Notice => {
  const { key, signal, level, value, subject } = finding;
  return {
    kind,
    title: `${kind === 'alert_raised' ? level : 'resolved'}: ${signal}`.slice(0, 300),
    text: subject,
    at: at.toISOString(),
    facts: { alertId, key, signal, level, value },
  };
};
