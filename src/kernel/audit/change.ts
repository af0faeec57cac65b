import { newId } from '../ids.ts';
import type { Redactor } from '../observability/redact.ts';
import type { Change, RunRecord } from '../run.ts';
import type { AuditNote } from '../usecase.ts';
import type { NewAuditEvent } from './audit-event.ts';
import { toNoteText } from './note-text.ts';

/** Commands act for the machine's administrator, tasks for Ashlar itself; only over HTTP may nobody have signed in. */
export const actorOf = ({ actor, type }: Pick<RunRecord, 'actor' | 'type'>) =>
  actor === null
    ? { actorType: type === 'user_action' ? 'anonymous' : 'system', actorId: null, sessionId: null }
    : { actorType: actor.type, actorId: actor.id, sessionId: actor.sessionId };

type Noted = Omit<AuditNote, 'subject'> & { readonly subject: string | null };

/**
 * One event for each note. Without any, what a person or a program asked for is recorded all the same, and no more than
 * that it was done; what follows from it (tasks, subscribers) is recorded only where it notes something.
 */
export const toEvents = (redactor: Redactor, change: Change): readonly NewAuditEvent[] => {
  const { type, operation, origin, traceId, reads, notes } = change;
  const isAsked = !reads && (type === 'user_action' || type === 'manual_command');
  const noted: readonly Noted[] = notes.length === 0 && isAsked ? [{ subject: null }] : notes;
  const common = {
    ...actorOf(change),
    operation,
    outcome: 'ok',
    code: null,
    count: 1,
    address: origin?.address ?? null,
    traceId,
  };
  return noted.map(({ subject, before, after }) => ({
    ...common,
    id: newId(),
    subject,
    before: toNoteText(redactor, before),
    after: toNoteText(redactor, after),
  }));
};
