import { toAppError } from '#kernel/error.ts';
import { isRetriable } from '#kernel/tasks/backoff.ts';
import { asyncTask } from '#kernel/usecase.ts';
import type { PlatformDeps } from '../../deps.ts';
import { readContent } from '../../logic/mail-content.ts';
import { deliveryPayload, deliveryQueue, deliveryRetry } from '../../logic/mail-delivery.ts';
import { findMailToDeliver, updateMailDelivered, updateMailFailed } from '../../store/mails.ts';

/** @see docs/modules/platform/usecases/deliver-mail.md */
export const deliverMail = ({ kernel: { database, secrets, now }, mailer }: PlatformDeps) =>
  asyncTask({
    operationId: 'deliver-mail',
    payload: deliveryPayload,
    queue: deliveryQueue,
    pool: 'network',
    retry: deliveryRetry,

    async execute(ctx, { mailId: id, delivery }) {
      const [mail] = await findMailToDeliver(database.lanes, { id, delivery });
      const content = mail === undefined ? null : readContent(secrets, mail);
      if (mail === undefined || content === null) return { state: 'superseded' };
      const { recipient: to, createdAt } = mail;
      const outgoing = { ...content, id, to, createdAt };
      const { result, error } = await mailer.deliver(outgoing, ctx.signal).then(
        (delivered) => ({ result: delivered, error: null }),
        (thrown: unknown) => ({ result: null, error: toAppError(thrown) }),
      );
      // Stopped or taken over: whoever goes on will write how it went.
      if (error !== null && ctx.signal.aborted) throw error;
      const isLast = ctx.attempt >= deliveryRetry.attempts;
      await ctx.transaction(async (tx) => {
        if (error === null) {
          await updateMailDelivered(tx, { id, delivery, state: result.state, now: now() });
          await ctx.completeIn(tx, result);
        } else {
          const finishedAt = isLast || !isRetriable(error) ? now() : null;
          await updateMailFailed(tx, { id, delivery, finishedAt, error: error.message });
        }
      });
      if (error !== null) throw error;
      return result;
    },
  });
