import type { Tx } from '#kernel/database/database.ts';
import type { Kernel } from '#kernel/kernel.ts';
import { errorGroupOpened, errorGroupRegressed } from '#portals/platform.ts';
import { type ErrorNoticeKind, noticeDue } from '../domain/error-group.ts';
import type { Notice } from '../domain/notice.ts';
import type { Recorded } from './record-faults.ts';
import { type StoredErrorGroup, updateErrorsNotified } from '../store/error-records.ts';
import type { Notices } from './notices.ts';

type Deps = { readonly kernel: Pick<Kernel, 'now' | 'log' | 'events'>; readonly notices: Notices };

/** Publishes what is new and what came back; tells operators of those that are due, as many as may be told. */
export const tellOfErrors = async (deps: Deps, tx: Tx, { groups, opened, regressed }: Recorded): Promise<void> => {
  const { events } = deps.kernel;
  for (const group of opened) await events.publish(tx, errorGroupOpened, toEvent(group), { key: group.id });
  for (const group of regressed) await events.publish(tx, errorGroupRegressed, toEvent(group), { key: group.id });
  await notify(deps, tx, groups);
};

const toEvent = ({ id: groupId, operation: operationId, code, count, lastTraceId: traceId }: StoredErrorGroup) => ({
  groupId,
  operationId,
  code,
  count,
  traceId,
});

/** Those that may not be told now stay due. */
const notify = async (
  { kernel: { now, log }, notices }: Deps,
  tx: Tx,
  groups: readonly StoredErrorGroup[],
): Promise<void> => {
  const at = now();
  const due = groups.flatMap((group) => {
    const kind = noticeDue(group, at);
    return kind === null ? [] : [{ group, kind }];
  });
  if (due.length === 0) return;
  const told = due.toSorted((one, other) => other.group.count - one.group.count).slice(0, await notices.room(tx));
  if (told.length < due.length) {
    const heldBack = due.length - told.length;
    tx.afterCommit(() => log.warn({ heldBack }, 'too many different errors to tell of each: see the list of errors'));
  }
  if (told.length === 0) return;
  await updateErrorsNotified(
    tx,
    told.map(({ group }) => group.id),
    at,
  );
  for (const { group, kind } of told) await notices.send(tx, toNotice(group, kind, at));
};

const toNotice = (group: StoredErrorGroup, kind: ErrorNoticeKind, at: Date): Notice => {
  const { id: groupId, operation, code, count, message, lastTraceId: traceId } = group;
  return {
    kind,
    title: `${titles[kind](count)}: ${code} in ${operation ?? 'no operation'}`.slice(0, 300),
    text: message,
    at: at.toISOString(),
    facts: { groupId, operation, code, count, traceId },
  };
};

const titles: Readonly<Record<ErrorNoticeKind, (count: number) => string>> = {
  error_opened: () => 'A new error',
  error_regressed: () => 'A resolved error is back',
  error_seen_often: (count) => `An error was seen ${count} times`,
};
