import type { AuditEvent } from './audit-event.ts';
import type { Findings } from './finding.ts';
import { type LeafDiff, timeOfId } from './leaf-diff.ts';
import type { SealContent } from './seal.ts';

type Place = Pick<SealContent, 'seq' | 'month'>;
type Shown = Pick<AuditEvent, 'operation' | 'at'>;

/** Names what differs from a seal; `byId` knows what is there of it. */
export const nameFindings = (
  findings: Findings,
  { seq, month }: Place,
  { diff, byId }: { readonly diff: LeafDiff; readonly byId: ReadonlyMap<string, Shown> },
): void => {
  for (const id of diff.changed) {
    const { operation, at, what } = describe(byId.get(id));
    const message = `event ${id}${what} was changed after seal ${seq}`;
    findings.add({ kind: 'event_changed', seal: seq, month, eventId: id, operation, at, message });
  }
  for (const id of diff.missing) {
    const at = timeOfId(id);
    const message = `event ${id}${at === null ? '' : ` of ${at}`} was deleted, or moved, after seal ${seq}`;
    findings.add({ kind: 'event_missing', seal: seq, month, eventId: id, at, message });
  }
  for (const id of diff.added) {
    const { operation, at, what } = describe(byId.get(id));
    const message = `event ${id}${what} was added, or moved here, after seal ${seq}`;
    findings.add({ kind: 'event_added', seal: seq, month, eventId: id, operation, at, message });
  }
};

const describe = (event: Shown | undefined) => ({
  operation: event?.operation ?? null,
  at: event?.at ?? null,
  what: event === undefined ? '' : ` (${event.operation}, ${event.at})`,
});
