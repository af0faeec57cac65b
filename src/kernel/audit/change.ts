import { newId } from '../ids.ts';
import type { Redactor } from '../observability/redact.ts';
import type { Change, RunRecord } from '../run.ts';
import type { NewAuditEvent } from './audit-event.ts';
import { toNoteText } from './note-text.ts';

/** Commands act for the machine's administrator, tasks for Ashlar itself; only over HTTP may nobody have signed in. */
export const actorOf = ({ actor, type }: Pick<RunRecord, 'actor' | 'type'>) =>
  actor === null
    ? { actorType: type === 'user_action' ? 'anonymous' : 'system', actorId: null, sessionId: null }
    : { actorType: actor.type, actorId: actor.id, sessionId: actor.sessionId };

/** One event for each note. A change by somebody that noted nothing is one all the same, without a subject. */
export const toEvents = (redactor: Redactor, change: Change): readonly NewAuditEvent[] => {
  const { operation, origin, traceId, notes } = change;
  const common = {
    ...actorOf(change),
    operation,
    outcome: 'ok',
    code: null,
    count: 1,
    address: origin?.address ?? null,
    traceId,
  };
  return notes.map(({ subject, before, after }) => ({
    ...common,
    id: newId(),
    subject,
    before: toNoteText(redactor, before),
    after: toNoteText(redactor, after),
  }));
};

/** What a person or a program asks for is recorded even if it says nothing; what follows from it, where it says something. */
export const toPlainEvent = (redactor: Redactor, change: Change): NewAuditEvent | null => {
  const isAsked = change.type === 'user_action' || change.type === 'manual_command';
  if (!isAsked || change.reads || change.notes.length > 0) return null;
  const [event] = toEvents(redactor, { ...change, notes: [{ subject: '' }] });
  return event === undefined ? null : { ...event, subject: null };
};
